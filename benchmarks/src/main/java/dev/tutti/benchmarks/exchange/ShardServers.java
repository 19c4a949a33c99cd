package dev.tutti.benchmarks.exchange;

import dev.tutti.node.transport.ServerTransport;
import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import dev.tutti.parameterserver.rpc.ExchangeService;
import dev.tutti.parameterserver.shard.Checkpoints;
import dev.tutti.parameterserver.shard.SerialShard;
import dev.tutti.parameterserver.shard.Shard;
import dev.tutti.parameterserver.shard.ShardDirectory;
import dev.tutti.parameterserver.shard.ShardSettings;
import dev.tutti.parameterserver.shard.ShardSnapshot;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.ShardMap;
import dev.tutti.proto.wire.ShardMaps;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Parameter servers as a node runs them, each with its own port, thread and shard. Nothing is written to the disk. */
final class ShardServers implements AutoCloseable {
    static final long GENERATION = 1;

    private final ParameterServerMetrics metrics = new ParameterServerMetrics(new SimpleMeterRegistry());
    private final List<ShardDirectory> directories = new ArrayList<>();
    private final List<ServerTransport> servers = new ArrayList<>();
    private final List<ExecutorService> threads = new ArrayList<>();

    ShardServers(int count) throws IOException {
        for (int shard = 0; shard < count; shard++) {
            ShardDirectory directory = new ShardDirectory();
            directories.add(directory);
            servers.add(new ServerTransport(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                    "shard-" + shard,
                    List.of(ExchangeService.of(directory, metrics)),
                    List.of()));
            threads.add(Executors.newSingleThreadExecutor(
                    Thread.ofPlatform().daemon().name("shard-" + shard).factory()));
        }
    }

    /** @param unix whether workers are told of the Unix domain sockets */
    List<ShardMaps.Server> owners(boolean unix) {
        return servers.stream()
                .map(server -> {
                    String endpoint = "127.0.0.1:" + server.port();
                    String socket = unix ? server.socket().orElseThrow().toString() : "";
                    return new ShardMaps.Server(endpoint, endpoint, socket);
                })
                .toList();
    }

    /** Draws the first parameters of a job, and fences its shards to {@link #GENERATION}. */
    void open(String job, JobSpec spec, ShardMap map, int slices) {
        for (int number = 0; number < map.getShardsCount(); number++) {
            ShardSettings settings = new ShardSettings(job, spec, map, number, slices, Long.MAX_VALUE, Path.of(""));
            SerialShard shard = new SerialShard(settings, threads.get(number), _ -> {});
            directories.get(number).add(shard);
            shard.open(() -> new Shard(settings, metrics, new NoCheckpoints()));
            shard.execute(open -> open.fence(GENERATION), () -> {});
        }
    }

    @Override
    public void close() {
        directories.forEach(directory -> directory.all().forEach(shard -> shard.close("The benchmark has ended")));
        threads.forEach(ExecutorService::close);
        servers.forEach(ServerTransport::close);
    }

    private static final class NoCheckpoints implements Checkpoints {
        @Override
        public void write(ShardSnapshot snapshot, Need need) {
            throw new IllegalStateException("A benchmark has no last step");
        }

        @Override
        public void giveUp(long generation, long step, String reason) {
            throw new IllegalStateException(reason);
        }
    }
}
