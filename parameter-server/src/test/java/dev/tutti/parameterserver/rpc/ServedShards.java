package dev.tutti.parameterserver.rpc;

import dev.tutti.node.transport.ClientTransport;
import dev.tutti.node.transport.ServerTransport;
import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import dev.tutti.parameterserver.shard.RecordedCheckpoints;
import dev.tutti.parameterserver.shard.SerialShard;
import dev.tutti.parameterserver.shard.Shard;
import dev.tutti.parameterserver.shard.ShardDirectory;
import dev.tutti.parameterserver.shard.ShardSettings;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/** Shards as a node serves them, over loopback, and the channels to them. */
final class ServedShards {
    private final ParameterServerMetrics metrics;
    private final ShardDirectory directory = new ShardDirectory();
    private final ExecutorService thread = Executors.newSingleThreadExecutor();
    private final List<ManagedChannel> channels = new ArrayList<>();
    private final ServerTransport server;

    ServedShards(ParameterServerMetrics metrics) throws IOException {
        this.metrics = metrics;
        server = new ServerTransport(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                "test",
                List.of(ExchangeService.of(directory, metrics)),
                List.of(ExchangeService.tracing(metrics)));
    }

    /** A shard that knows of this generation. */
    SerialShard open(ShardSettings settings, long generation) {
        SerialShard shard = new SerialShard(settings, thread, _ -> {});
        shard.open(() -> {
            Shard created = new Shard(settings, metrics, new RecordedCheckpoints());
            created.fence(generation);
            return created;
        });
        directory.add(shard);
        return shard;
    }

    ManagedChannel channel(UnaryOperator<NettyChannelBuilder> options) {
        NettyChannelBuilder builder = new ClientTransport("127.0.0.1:" + server.port(), Optional.empty()).channel();
        ManagedChannel channel = options.apply(builder.disableRetry()).build();
        channels.add(channel);
        return channel;
    }

    void close() throws InterruptedException {
        directory.all().forEach(shard -> shard.close("The test is over"));
        for (ManagedChannel channel : channels) {
            channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        }
        server.close();
        thread.close();
    }
}
