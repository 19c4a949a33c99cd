package dev.tutti.parameterserver.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import dev.tutti.parameterserver.shard.Jobs;
import dev.tutti.parameterserver.shard.ShardSettings;
import dev.tutti.proto.v1.Asynchronous;
import dev.tutti.proto.v1.Consistency;
import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.v1.Initializer;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Push;
import dev.tutti.proto.v1.Sgd;
import dev.tutti.proto.v1.ShardMap;
import dev.tutti.proto.v1.Synchronous;
import dev.tutti.proto.v1.TensorPlacement;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.Payload;
import dev.tutti.proto.wire.ShardMaps;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelOption;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Sixteen workers push all they can to one shard, over loopback. What its transport holds is the memory of this process in direct buffers without that of the
 * workers, who have an allocator of their own; parameters, state and sums are in arenas, which are no buffers ({@code EarlyPushesTest} counts sums).
 */
@Timeout(120)
class ManyWorkersMemoryTest {
    private static final int WORKERS = 16;
    private static final int STEPS = 6;
    private static final int ELEMENTS = 4 << 20;
    private static final long MEBIBYTE = 1 << 20;
    /** What the transport may hold of all workers together. */
    private static final long ALLOWANCE_BYTES = 64 * MEBIBYTE;

    private final UnpooledByteBufAllocator workersMemory = new UnpooledByteBufAllocator(false);
    private final AtomicLong peak = new AtomicLong();
    private final ParameterServerMetrics metrics = new ParameterServerMetrics(new SimpleMeterRegistry());
    private final ShardMap map = ShardMaps.planFor(
            WORKERS,
            List.of(TensorPlacement.newBuilder()
                    .setName("weight")
                    .addShape(ELEMENTS)
                    .setInitializer(Initializer.newBuilder().setUniformBound(0.25))
                    .build()),
            List.of(new ShardMaps.Server("server", "127.0.0.1:1", "")));
    private final int chunks = ShardMaps.grid(map, 0).chunkCount();
    private final long chunkBytes = (long) map.getChunkElements() * Float.BYTES;
    private final ExecutorService workers = Executors.newCachedThreadPool();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment gradient = arena.allocate(chunkBytes);

    @SuppressWarnings("NullAway.Init")
    private ServedShards shards;

    @BeforeEach
    void start() throws IOException {
        shards = new ServedShards(metrics);
    }

    /** The job's only shard. */
    private void open(Consistency.Builder consistency) {
        JobSpec.Builder spec = JobSpec.newBuilder().setSeed(42);
        spec.getTrainingBuilder().setConsistency(consistency);
        spec.getTrainingBuilder()
                .getOptimizerBuilder()
                .setSgd(Sgd.newBuilder().setRate(0.5).setMomentum(0.9));
        ShardSettings settings =
                new ShardSettings(Jobs.JOB, spec.build(), map, 0, WORKERS, Long.MAX_VALUE, Path.of("unused"));
        shards.open(settings, 1);
    }

    @AfterEach
    void stop() throws InterruptedException {
        shards.close();
        workers.close();
        arena.close();
    }

    @Test
    void oneThatReadsNothingHoldsUpNobodyAndFillsNoMemory() throws Exception {
        open(Consistency.newBuilder().setAsynchronous(Asynchronous.getDefaultInstance()));
        BlockingWorker deaf = join();
        Future<?> pushed = workers.submit(() -> {
            for (int step = 0; step < STEPS; step++) {
                push(deaf, batch(0, step));
            }
            return null;
        });
        List<Future<?>> others = new ArrayList<>();
        for (int number = 1; number < WORKERS; number++) {
            int worker = number;
            BlockingWorker client = join();
            others.add(workers.submit(() -> {
                train(client, worker);
                return null;
            }));
        }
        for (Future<?> other : others) {
            other.get();
        }
        pushed.get();

        assertTransportIsBounded();
        assertThat(framesUntilNewest(deaf))
                .as("frames it is sent once it reads: what was under way, and the newest version of each chunk")
                .isBetween(chunks, 2 * chunks);
    }

    @Test
    void workersWhoseSlicesComeLastWaitForThoseWhoseComeFirst() throws Exception {
        open(Consistency.newBuilder().setSynchronous(Synchronous.getDefaultInstance()));
        List<BlockingWorker> clients = new ArrayList<>();
        for (int worker = 0; worker < WORKERS; worker++) {
            clients.add(join());
            clients.getLast().read(chunks);
            takeAll(clients.getLast(), 0);
        }
        for (int number = 1; number <= STEPS; number++) {
            long step = number;
            List<Future<?>> all = new ArrayList<>();
            for (int worker :
                    IntStream.range(0, WORKERS).map(i -> WORKERS - 1 - i).toArray()) {
                all.add(workers.submit(() -> {
                    clients.get(worker).read(chunks);
                    push(clients.get(worker), slice(worker, step));
                    takeAll(clients.get(worker), step);
                    return null;
                }));
            }
            for (Future<?> one : all) {
                one.get();
            }
        }

        assertTransportIsBounded();
    }

    private void assertTransportIsBounded() {
        assertThat(peak.get()).as("bytes the transport held").isBetween(MEBIBYTE, ALLOWANCE_BYTES);
    }

    private BlockingWorker join() throws InterruptedException {
        BlockingWorker worker = new BlockingWorker(shards.channel(options ->
                options.withOption(ChannelOption.ALLOCATOR, workersMemory).flowControlWindow((int) (2 * chunkBytes))));
        worker.send(new ExchangeFrame(Jobs.open(1, 0)));
        return worker;
    }

    private void train(BlockingWorker client, int worker) throws InterruptedException {
        for (int step = 0; step < STEPS; step++) {
            client.read(chunks);
            push(client, batch(worker, step));
            takeAll(client, 0);
        }
    }

    /** Each chunk once, of that version or newer. */
    private void takeAll(BlockingWorker client, long version) throws InterruptedException {
        for (int chunk = 0; chunk < chunks; chunk++) {
            assertThat(client.take().getStep()).isGreaterThanOrEqualTo(version);
            long now = directBytes() - workersMemory.metric().usedDirectMemory();
            peak.accumulateAndGet(now, Math::max);
        }
    }

    private static FrameHeader.Builder batch(int worker, int step) {
        return Jobs.header(1).setPush(Push.newBuilder().setBatch(step * WORKERS + worker));
    }

    private static FrameHeader.Builder slice(int worker, long step) {
        return Jobs.header(1)
                .setStep(step)
                .setPush(Push.newBuilder().setSliceBegin(worker).setSliceEnd(worker + 1));
    }

    /** A gradient, last chunk first. */
    private void push(BlockingWorker client, FrameHeader.Builder of) throws InterruptedException {
        for (int chunk = chunks - 1; chunk >= 0; chunk--) {
            of.getPushBuilder().setChunk(chunk).setEncoding(Encoding.ENCODING_F32);
            client.send(new ExchangeFrame(of.build(), Payload.view(gradient)));
        }
    }

    private int framesUntilNewest(BlockingWorker deaf) throws InterruptedException {
        long[] versions = new long[chunks];
        int frames = 0;
        while (Arrays.stream(versions).min().orElseThrow() < (long) STEPS * WORKERS) {
            deaf.read(1);
            FrameHeader header = deaf.take();
            versions[header.getChunk().getChunk()] = header.getStep();
            frames++;
        }
        return frames;
    }

    /** Of this process. */
    private static long directBytes() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .mapToLong(BufferPoolMXBean::getMemoryUsed)
                .sum();
    }
}
