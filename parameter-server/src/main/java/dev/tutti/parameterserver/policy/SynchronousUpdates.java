package dev.tutti.parameterserver.policy;

import dev.tutti.parameterserver.memory.ChunkMemory;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.v1.Push;
import dev.tutti.proto.wire.ChunkGrid;
import dev.tutti.proto.wire.Payload;
import dev.tutti.proto.wire.SliceTree;
import dev.tutti.proto.wire.SliceTree.Node;
import dev.tutti.tensor.optimizer.SliceOptimizer;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A chunk goes from version s − 1 to s once the gradients of all slices of step s are summed. Workers begin step s + 1
 * when every chunk is at s; so all chunks are at s or s + 1.
 */
public final class SynchronousUpdates implements Consistency {
    private final ChunkMemory memory;
    private final SliceTree tree;
    private final List<SliceSum> sums;
    /** Of the first chunk. */
    private final EpochLoss loss;

    public SynchronousUpdates(ChunkGrid grid, SliceOptimizer optimizer, int slices, long stepsPerEpoch) {
        this.tree = new SliceTree(slices);
        this.loss = new EpochLoss(slices, stepsPerEpoch);
        this.memory = new ChunkMemory(grid, optimizer, ChunkMemory.History.PREVIOUS);
        this.sums = Stream.generate(() -> new SliceSum(tree, memory.buffers()))
                .limit(memory.chunkCount())
                .toList();
    }

    @Override
    public ChunkMemory memory() {
        return memory;
    }

    @Override
    public Verdict offer(FrameHeader header, Payload gradient) {
        Push push = header.getPush();
        Optional<Node> node = tree.node(push.getSliceBegin(), push.getSliceEnd());
        if (node.isEmpty()) {
            return new Verdict.Refused("Slices [" + push.getSliceBegin() + ", " + push.getSliceEnd()
                    + ") are not one node of the tree over " + tree.slices() + " slices");
        }
        int chunk = push.getChunk();
        long underWay = memory.completeVersion() + 1;
        if (header.getStep() > underWay) {
            return new Verdict.Refused("A gradient of step " + header.getStep() + " for chunk " + chunk + " while step "
                    + underWay + " is not complete");
        }
        SliceSum sum = sums.get(chunk);
        if (header.getStep() <= memory.version(chunk) || sum.contains(node.get())) {
            return new Verdict.Duplicate();
        }
        if (chunk == 0) {
            loss.offer(push);
        }
        Optional<MemorySegment> complete = sum.add(node.get(), gradient);
        if (complete.isEmpty()) {
            return new Verdict.Kept();
        }
        memory.update(chunk, complete.get());
        if (chunk == 0) {
            loss.applied(memory.version(chunk));
        }
        memory.buffers().give(complete.get());
        return new Verdict.Applied();
    }

    @Override
    public void startGeneration() {
        sums.forEach(SliceSum::clear);
        loss.forgetStep();
    }

    /** What the first chunk's pushes have brought of the epoch that its version, or the one before, belongs to. */
    public Trained trained(long version) {
        return version == memory.version(0) ? loss.current() : loss.previous();
    }
}
