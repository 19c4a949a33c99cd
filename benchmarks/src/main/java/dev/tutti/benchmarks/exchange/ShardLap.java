package dev.tutti.benchmarks.exchange;

import dev.tutti.proto.job.ConsistencyModel;
import dev.tutti.proto.launch.ExchangeBenchmark.Transport;
import dev.tutti.proto.v1.Consistency;
import dev.tutti.proto.v1.ExchangeEncodings;
import dev.tutti.proto.v1.Initializer;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Optimizer;
import dev.tutti.proto.v1.Precision;
import dev.tutti.proto.v1.Sgd;
import dev.tutti.proto.v1.ShardMap;
import dev.tutti.proto.v1.Synchronous;
import dev.tutti.proto.v1.TensorPlacement;
import dev.tutti.proto.v1.Training;
import dev.tutti.proto.wire.ChunkGrid;
import dev.tutti.proto.wire.ShardMaps;
import dev.tutti.proto.wire.encoding.ChunkEncoding;
import dev.tutti.tensor.backend.ParameterBuffers;
import dev.tutti.worker.exchange.ExchangeTarget;
import dev.tutti.worker.exchange.ParameterExchange;
import dev.tutti.worker.exchange.SliceRun;
import dev.tutti.worker.metrics.WorkerMetrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;

/** Tutti's own exchange: steps of a synchronous job with plain SGD, whose gradients cost nothing to compute. */
final class ShardLap implements Lap {
    private static final String JOB = "bench";
    private static final int TENSOR_ELEMENTS = 1 << 20;

    private final ShardServers servers;
    private final Crew crew;
    private final Arena arena = Arena.ofShared();
    private final ExchangeEncodings encodings;
    private final Transport transport;
    private final ShardMap map;
    private final int tensors;
    private final Map<Integer, ParameterExchange> exchanges = new ConcurrentHashMap<>();
    private long step;

    /** @param elements of the model */
    ShardLap(long elements, int shards, int workers, Transport transport, ExchangeEncodings encodings)
            throws Exception {
        this.encodings = encodings;
        this.transport = transport;
        List<TensorPlacement> placements = placements(elements);
        this.tensors = placements.size();
        this.servers = new ShardServers(shards);
        this.crew = new Crew(workers, "worker");
        this.map = ShardMaps.planFor(workers, placements, servers.owners(transport != Transport.TCP));
        servers.open(JOB, spec(), map, workers);
        crew.all(worker -> {
            ParameterExchange exchange = open(worker, workers, map, elements);
            exchanges.put(worker, exchange);
            exchange.awaitVersion(0);
        });
    }

    private ParameterExchange open(int worker, int workers, ShardMap map, long elements) {
        ExchangeTarget target = new ExchangeTarget(
                JOB,
                ShardServers.GENERATION,
                "worker-" + worker,
                map,
                workers,
                worker,
                worker + 1,
                workers,
                0,
                new ConsistencyModel.Synchronous(0),
                Optional.empty(),
                encodings,
                transport == Transport.SHARED_MEMORY);
        ParameterBuffers buffers = new ParameterBuffers(
                arena.allocate(elements * Float.BYTES, 64), arena.allocate(elements * Float.BYTES, 64));
        return ParameterExchange.open(target, buffers, new WorkerMetrics(new SimpleMeterRegistry()));
    }

    private static List<TensorPlacement> placements(long elements) {
        int count = Math.toIntExact(Math.ceilDiv(elements, (long) TENSOR_ELEMENTS));
        return IntStream.range(0, count)
                .mapToObj(i -> TensorPlacement.newBuilder()
                        .setName("t" + i)
                        .addShape((int) Math.min(TENSOR_ELEMENTS, elements - (long) i * TENSOR_ELEMENTS))
                        .setOffset((long) i * TENSOR_ELEMENTS)
                        .setInitializer(Initializer.newBuilder().setUniformBound(0.1))
                        .build())
                .toList();
    }

    private JobSpec spec() {
        return JobSpec.newBuilder()
                .setName(JOB)
                .setTraining(Training.newBuilder()
                        .setEpochs(1)
                        .setPrecision(Precision.PRECISION_F32)
                        .setExchange(encodings)
                        .setConsistency(Consistency.newBuilder().setSynchronous(Synchronous.getDefaultInstance()))
                        .setOptimizer(
                                Optimizer.newBuilder().setSgd(Sgd.newBuilder().setRate(0.01))))
                .build();
    }

    /** Of all chunks, one way, for one worker. */
    long payloadBytes(ChunkEncoding encoding) {
        long bytes = 0;
        for (int shard = 0; shard < map.getShardsCount(); shard++) {
            ChunkGrid grid = ShardMaps.grid(map, shard);
            for (int chunk = 0; chunk < grid.chunkCount(); chunk++) {
                bytes += encoding.maxByteSize(grid.elementCount(chunk));
            }
        }
        return bytes;
    }

    @Override
    public void run() throws Exception {
        step++;
        crew.all(worker -> {
            ParameterExchange exchange = Objects.requireNonNull(exchanges.get(worker));
            exchange.beginSlice(new SliceRun(step, worker, 1, 1, exchanges.size(), () -> 0));
            for (int tensor = tensors - 1; tensor >= 0; tensor--) {
                exchange.gradientReady(tensor);
            }
            exchange.awaitVersion(step);
        });
    }

    @Override
    public void close() throws IOException {
        try {
            crew.all(worker -> Objects.requireNonNull(exchanges.get(worker)).close());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } catch (Exception e) {
            throw new IOException("A worker's exchange could not be closed", e);
        }
        crew.close();
        servers.close();
        arena.close();
    }
}
