package dev.tutti.it.simulation;

import dev.tutti.it.simulation.Network.Port;
import dev.tutti.it.simulation.Placement.Chunk;
import dev.tutti.proto.v1.Clock;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.wire.Payload;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * A model of a worker: one thread, on which forward and backward passes run, gradients leave, and parameters are copied into place once no pass runs.
 *
 * <p>Every gradient is the number of slices in it, and the optimizer subtracts it: so what a chunk holds tells whether all of them were applied,
 * each once.
 */
abstract sealed class SimulatedWorker permits SteppingWorker, LeasingWorker {
    private static final double TOLERANCE = 1e-4;
    private static final long NEVER = -1;

    private final Cluster cluster;
    private final int number;
    private final Port port;
    private final SimulatedThread thread;
    private final SplittableRandom random;
    private final List<SimulatedStream> streams = new ArrayList<>();
    private final long[] versions;

    SimulatedWorker(Cluster cluster, int number) {
        this.cluster = cluster;
        this.number = number;
        this.port = cluster.network().port();
        this.thread = new SimulatedThread(cluster.cores());
        this.random = new SplittableRandom(scenario().seed() * 1_000_003 + number);
        this.versions = new long[cluster.placement().chunks().size()];
        Arrays.fill(versions, NEVER);
    }

    /** Opens its streams; from then on everything follows from what arrives. */
    void start() {
        for (int shard = 0; shard < cluster.shards().size(); shard++) {
            SimulatedStream stream = new SimulatedStream(
                    cluster.network(),
                    cluster.shards().get(shard),
                    cluster.placement().chunksOf(shard),
                    this);
            streams.add(stream);
            stream.open(Frames.open(shard, number));
        }
    }

    /** Parameters are in place that it did not have before; nothing else is going on. */
    abstract void taken(Chunk chunk, long before);

    /** What a chunk holds at a version, times −1, if no gradient was lost and none applied twice. */
    abstract double expectedUpdates(long version);

    /** A shard takes note of its lease. */
    abstract void entered(Clock answer);

    final Scenario scenario() {
        return cluster.scenario();
    }

    final Cluster cluster() {
        return cluster;
    }

    final int number() {
        return number;
    }

    final Port port() {
        return port;
    }

    final long version(Chunk chunk) {
        return versions[chunk.number()];
    }

    final long newestVersion() {
        return Arrays.stream(versions).max().orElseThrow();
    }

    final int chunksBelow(long version) {
        return (int) Arrays.stream(versions).filter(its -> its < version).count();
    }

    /** It lies in the inbox until the thread has nothing else to do. */
    final void receive(SimulatedStream stream, Chunk chunk, long version, float value) {
        thread.execute(copyNanos(chunk), () -> {
            stream.read(chunk);
            check(chunk, version, value);
            long before = versions[chunk.number()];
            versions[chunk.number()] = Math.max(before, version);
            taken(chunk, before);
        });
    }

    private void check(Chunk chunk, long version, float value) {
        double expected = -expectedUpdates(version);
        if (Math.abs(value - expected) > TOLERANCE * Math.abs(expected)) {
            throw new IllegalStateException(
                    chunk + " at version " + version + " holds " + value + ", expected " + expected);
        }
    }

    /** Once all that has been planned for its thread is done. */
    final void afterwards(Runnable action) {
        thread.execute(0, action);
    }

    final void tell(int shard, FrameHeader header) {
        streams.get(shard).send(header);
    }

    /** @param updates that it counts as */
    final void push(Chunk chunk, FrameHeader header, float updates) {
        streams.get(chunk.shard())
                .push(header, Payload.view(MemorySegment.ofArray(new float[] {updates})), chunk.byteSize());
    }

    /** Forward and backward pass whose gradients stay here for now. */
    final void passes(int count) {
        double seconds = 0;
        for (int i = 0; i < count; i++) {
            seconds += scenario().workload().seconds() * slowness();
        }
        thread.execute(VirtualTime.nanos(seconds), () -> {});
    }

    /** Forward and backward pass. */
    final void pass(Consumer<Chunk> whenFinal) {
        Workload workload = scenario().workload();
        double slowness = slowness();
        double seconds = workload.forwardSeconds() * slowness;
        for (int layer = workload.layers().size() - 1; layer >= 0; layer--) {
            seconds += workload.backwardSeconds(layer) * slowness;
            for (Chunk chunk : cluster.placement().finalAfter(layer)) {
                thread.execute(VirtualTime.nanos(seconds) + copyNanos(chunk), () -> whenFinal.accept(chunk));
                seconds = 0;
            }
        }
    }

    /** All chunks, one after the other. */
    final void all(Consumer<Chunk> out) {
        for (Chunk chunk : cluster.placement().chunks()) {
            thread.execute(copyNanos(chunk), () -> out.accept(chunk));
        }
    }

    private long copyNanos(Chunk chunk) {
        return VirtualTime.nanos(chunk.byteSize(), scenario().computers().workerBytesPerSecond());
    }

    /** Log-normal with mean 1. */
    private double slowness() {
        double jitter = scenario().computers().jitter();
        if (jitter == 0) {
            return 1;
        }
        double variance = Math.log1p(jitter * jitter);
        return Math.exp(Math.sqrt(variance) * random.nextGaussian() - variance / 2);
    }
}
