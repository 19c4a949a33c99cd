package dev.tutti.parameterserver.policy;

import dev.tutti.parameterserver.memory.ChunkMemory;
import dev.tutti.parameterserver.memory.ChunkUpdate;
import dev.tutti.parameterserver.memory.ScaledGradient;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.v1.Push;
import dev.tutti.proto.wire.Payload;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.List;
import java.util.stream.Stream;

/**
 * Every gradient is applied as it comes, to each chunk once for each batch of an epoch, whichever attempt it is of. An epoch begins only
 * when the one before is done on all chunks, so a gradient of an earlier epoch is a late copy.
 */
public final class AsynchronousUpdates implements Consistency {
    /** An epoch of more batches is taken for a broken frame rather than remembered. */
    private static final int MAX_BATCHES = 1 << 28;

    private final ChunkMemory memory;
    private final List<Ledger> ledgers;

    public AsynchronousUpdates(ChunkUpdate update) {
        this.memory = new ChunkMemory(update, ChunkMemory.History.CURRENT);
        this.ledgers = Stream.generate(Ledger::new).limit(memory.chunkCount()).toList();
    }

    @Override
    public ChunkMemory memory() {
        return memory;
    }

    @Override
    public Verdict offer(FrameHeader header, Payload gradient) {
        Push push = header.getPush();
        if (Integer.compareUnsigned(push.getBatch(), MAX_BATCHES) >= 0) {
            return new Verdict.Refused("Batch " + Integer.toUnsignedString(push.getBatch())
                    + " of an epoch; there are fewer than " + MAX_BATCHES);
        }
        int chunk = push.getChunk();
        if (!ledgers.get(chunk).firstTime(push.getEpoch(), push.getBatch())) {
            return new Verdict.Duplicate();
        }
        MemorySegment sum = memory.buffers().take(gradient.byteSize());
        gradient.copyTo(sum);
        memory.update(chunk, ScaledGradient.plain(sum));
        memory.buffers().give(sum);
        return new Verdict.Applied();
    }

    @Override
    public void startGeneration() {
        // What was applied stays applied: the next attempt of a lease must find it here.
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
