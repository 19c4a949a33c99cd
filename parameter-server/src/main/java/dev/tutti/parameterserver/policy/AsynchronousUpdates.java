package dev.tutti.parameterserver.policy;

import dev.tutti.parameterserver.memory.ChunkMemory;
import dev.tutti.parameterserver.memory.ChunkUpdate;
import dev.tutti.parameterserver.memory.ScaledGradient;
import dev.tutti.proto.job.ConsistencyModel.Compensation;
import dev.tutti.proto.v1.Clock;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.v1.Push;
import dev.tutti.proto.wire.encoding.ChunkValues;
import dev.tutti.tensor.optimizer.Averaging;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Every gradient is applied as it comes, to each chunk once for each batch of an epoch, whichever attempt it is of. An epoch begins only
 * when the one before is done on all chunks, so a gradient of an earlier epoch is a late copy.
 *
 * <p>A gradient's staleness is the number of updates its chunk has had since the parameters it is of.
 */
public final class AsynchronousUpdates implements Consistency {
    /** An epoch of more batches is taken for a broken frame rather than remembered. */
    private static final int MAX_BATCHES = 1 << 28;

    private final ChunkMemory memory;
    private final List<Ledger> ledgers;
    private final boolean stalenessScaled;
    private final Averaging averaging = new Averaging();
    private final Optional<DelayCompensation> compensation;
    /** Of each chunk, for compensation that adapts; else none. */
    private final List<MemorySegment> meanSquares;

    private final Optional<Clocks> clocks;
    private final LongConsumer stalenessSeen;

    /**
     * How gradients are applied, and who waits.
     *
     * @param stalenessScaled whether the rate is divided by max(1, staleness)
     * @param bound on how many batches a worker may be ahead of the slowest
     */
    public record Manner(boolean stalenessScaled, Optional<Compensation> compensation, Optional<Integer> bound) {}

    /** @param stalenessSeen told of that of each gradient applied */
    public AsynchronousUpdates(ChunkUpdate update, Manner manner, LongConsumer stalenessSeen) {
        this.memory = new ChunkMemory(update, ChunkMemory.History.CURRENT);
        this.ledgers = Stream.generate(Ledger::new).limit(memory.chunkCount()).toList();
        this.stalenessScaled = manner.stalenessScaled;
        this.compensation = manner.compensation.map(how -> new DelayCompensation(how.lambda()));
        this.meanSquares =
                manner.compensation.filter(Compensation::adaptive).isPresent() ? zerosOrNothing() : List.of();
        this.clocks = manner.bound.map(Clocks::new);
        this.stalenessSeen = stalenessSeen;
    }

    /** Where memory ends nobody else could free what this has. */
    private List<MemorySegment> zerosOrNothing() {
        try {
            return zeros();
        } catch (Throwable e) {
            memory.close();
            throw e;
        }
    }

    private List<MemorySegment> zeros() {
        return IntStream.range(0, memory.chunkCount())
                .mapToObj(chunk -> takeBuffer(chunk).fill((byte) 0))
                .toList();
    }

    @Override
    public ChunkMemory memory() {
        return memory;
    }

    @Override
    public Verdict offer(Peer peer, FrameHeader header, ChunkValues gradient) {
        Push push = header.getPush();
        if (Integer.compareUnsigned(push.getBatch(), MAX_BATCHES) >= 0) {
            return new Verdict.Refused("Batch " + Integer.toUnsignedString(push.getBatch())
                    + " of an epoch; there are fewer than " + MAX_BATCHES);
        }
        int chunk = push.getChunk();
        long staleness = memory.version(chunk) - push.getBasedOn();
        if (push.getBasedOn() < 0 || staleness < 0) {
            return new Verdict.Refused("A gradient of version " + Long.toUnsignedString(push.getBasedOn())
                    + " of chunk " + chunk + ", which is at version " + memory.version(chunk));
        }
        clocks.ifPresent(all -> all.pushed(peer, push.getClock()));
        if (!ledgers.get(chunk).firstTime(push.getEpoch(), push.getBatch())) {
            return new Verdict.Duplicate();
        }
        stalenessSeen.accept(staleness);
        MemorySegment sum = memory.buffers().take(gradient.byteSize());
        gradient.copyTo(sum);
        compensate(chunk, sum, peer.sent(chunk, push.getBasedOn()));
        apply(chunk, sum, staleness);
        memory.buffers().give(sum);
        return new Verdict.Applied();
    }

    /** @param basedOn none if the worker has another version than it was sent last on this stream, which happens to no worker of ours */
    private void compensate(int chunk, MemorySegment gradient, @Nullable MemorySegment basedOn) {
        if (compensation.isEmpty() || basedOn == null) {
            return;
        }
        MemorySegment current = memory.current(chunk);
        for (ChunkUpdate.Run run : memory.runs(chunk)) {
            if (!run.averaged()) {
                compensation
                        .get()
                        .apply(
                                run.of(gradient),
                                run.of(current),
                                run.of(basedOn),
                                meanSquares.isEmpty() ? null : run.of(meanSquares.get(chunk)),
                                run.count());
            }
        }
    }

    private void apply(int chunk, MemorySegment gradient, long staleness) {
        if (!stalenessScaled || staleness <= 1) {
            memory.update(chunk, ScaledGradient.plain(gradient));
            return;
        }
        MemorySegment before = takeBuffer(chunk).copyFrom(memory.current(chunk));
        memory.update(chunk, ScaledGradient.plain(gradient));
        // What a smaller rate would have done, for every rule; a smaller gradient would not, as Adam's step does not
        // depend on its size.
        MemorySegment after = memory.current(chunk);
        for (ChunkUpdate.Run run : memory.changedRuns(chunk)) {
            averaging.apply(run.of(before), run.of(after), run.of(after), 1, 1f / staleness, run.count());
        }
        memory.buffers().give(before);
    }

    @Override
    public void startGeneration() {
        // What was applied stays applied: the next attempt of a lease must find it here.
        clocks.ifPresent(Clocks::restAll);
    }

    /** Whether the job's workers have clocks. */
    public boolean isBounded() {
        return clocks.isPresent();
    }

    /** A worker has a lease, or has none any more. */
    public void take(Peer peer, Clock clock) {
        if (clock.getActive()) {
            clocks.ifPresent(all -> all.enter(peer, clock.getClock()));
        } else {
            clocks.ifPresent(all -> all.rest(peer));
        }
    }

    @Override
    public boolean holdsBack(Peer peer) {
        return clocks.isPresent() && clocks.get().holdsBack(peer);
    }

    @Override
    public void sent(Peer peer, int chunk) {
        if (compensation.isPresent()) {
            MemorySegment kept = peer.copy(chunk);
            MemorySegment copy = kept == null ? takeBuffer(chunk) : kept;
            peer.keep(chunk, memory.version(chunk), copy.copyFrom(memory.current(chunk)));
        }
    }

    @Override
    public void left(Peer peer) {
        clocks.ifPresent(all -> all.rest(peer));
        for (int chunk = 0; chunk < memory.chunkCount(); chunk++) {
            MemorySegment copy = peer.copy(chunk);
            if (copy != null) {
                memory.buffers().give(copy);
            }
        }
    }

    private MemorySegment takeBuffer(int chunk) {
        return memory.buffers().take(memory.current(chunk).byteSize());
    }

    /** The batches of the current epoch that a chunk has had. */
    private static final class Ledger {
        private final BitSet applied = new BitSet();
        private long epoch;

        boolean firstTime(int pushedEpoch, int batch) {
            long pushed = Integer.toUnsignedLong(pushedEpoch);
            if (pushed > epoch) {
                epoch = pushed;
                applied.clear();
            }
            if (pushed < epoch || applied.get(batch)) {
                return false;
            }
            applied.set(batch);
            return true;
        }
    }
}
