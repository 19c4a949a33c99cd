package dev.tutti.parameterserver.policy;

import dev.tutti.parameterserver.memory.GradientBuffers;
import dev.tutti.proto.v1.Contribution;
import dev.tutti.proto.v1.Push;
import dev.tutti.proto.wire.SliceTree;
import dev.tutti.proto.wire.SliceTree.Node;
import dev.tutti.proto.wire.encoding.ChunkValues;
import dev.tutti.tensor.optimizer.GradientScaling;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * With backup workers (Chen et al., 2016): complete with the gradients of all workers but so many, whoever comes first, and then multiplied with
 * the samples of the step over the samples in it. A worker's gradients count together or not at all. It is summed in the order in which they come.
 */
final class ContributionSum implements StepSum {
    private final SliceTree tree;
    private final GradientBuffers buffers;
    private final GradientScaling scaling = new GradientScaling();
    private final int backupWorkers;
    /** By their first slice, of workers of whose gradients some are missing. */
    private final Map<Integer, Part> parts = new HashMap<>();

    private final BitSet taken = new BitSet();
    private final BitSet summed = new BitSet();
    private @Nullable MemorySegment sum;
    private int contributions;
    private long rows;

    private static final class Part {
        private final MemorySegment sum;
        private int slices;
        private long rows;

        Part(MemorySegment sum) {
            this.sum = sum;
        }
    }

    /** @param backupWorkers 1 or more */
    ContributionSum(SliceTree tree, GradientBuffers buffers, int backupWorkers) {
        this.tree = tree;
        this.buffers = buffers;
        this.backupWorkers = backupWorkers;
    }

    /**
     * What is wrong with a push, or null.
     *
     * @param slices of a step
     */
    static @Nullable String problem(Push push, int slices, int backupWorkers) {
        Contribution its = push.getContribution();
        if (its.getSliceBegin() < 0 || its.getSliceEnd() > slices || its.getRows() < 0 || its.getStepRows() < 0) {
            return "A part of a worker with slices [" + its.getSliceBegin() + ", " + its.getSliceEnd() + ") of "
                    + slices + ", " + its.getRows() + " samples of " + its.getStepRows();
        }
        if (!push.hasContribution()
                || push.getSliceBegin() < its.getSliceBegin()
                || push.getSliceEnd() > its.getSliceEnd()) {
            return "Slices [" + push.getSliceBegin() + ", " + push.getSliceEnd() + ") of a worker with ["
                    + its.getSliceBegin() + ", " + its.getSliceEnd() + ")";
        }
        return its.getWorkers() > backupWorkers
                ? null
                : "A gradient of one of " + its.getWorkers() + " workers, of which " + backupWorkers
                        + " are not waited for";
    }

    @Override
    public boolean contains(Node node) {
        return taken.get(tree.begin(node));
    }

    /** Whoever comes first counts. */
    @Override
    public boolean isEarly(Node node) {
        return false;
    }

    @Override
    public int kept() {
        return parts.size() + (sum == null ? 0 : 1);
    }

    @Override
    public Optional<MemorySegment> add(Node node, Push push, ChunkValues gradient) {
        Contribution its = push.getContribution();
        int slices = tree.end(node) - tree.begin(node);
        taken.set(tree.begin(node), tree.end(node));
        if (contributions == 0 && parts.isEmpty()) {
            summed.clear();
        }
        int wanted = its.getSliceEnd() - its.getSliceBegin();
        if (slices == wanted) {
            sum = plus(sum, gradient);
            return contributed(its, its.getRows());
        }
        Part part = parts.get(its.getSliceBegin());
        if (part == null) {
            part = new Part(plus(null, gradient));
            parts.put(its.getSliceBegin(), part);
        } else {
            gradient.addTo(part.sum);
        }
        part.slices += slices;
        part.rows += its.getRows();
        if (part.slices < wanted) {
            return Optional.empty();
        }
        parts.remove(its.getSliceBegin());
        sum = plus(sum, ChunkValues.of(part.sum));
        buffers.give(part.sum);
        return contributed(its, part.rows);
    }

    private MemorySegment plus(@Nullable MemorySegment before, ChunkValues gradient) {
        if (before != null) {
            gradient.addTo(before);
            return before;
        }
        MemorySegment first = buffers.take(gradient.byteSize());
        gradient.copyTo(first);
        return first;
    }

    private Optional<MemorySegment> contributed(Contribution its, long itsRows) {
        summed.set(its.getSliceBegin(), its.getSliceEnd());
        rows += itsRows;
        contributions++;
        MemorySegment complete = sum;
        if (complete == null || contributions < its.getWorkers() - backupWorkers) {
            return Optional.empty();
        }
        if (rows > 0 && rows != its.getStepRows()) {
            scaling.apply(complete, (float) ((double) its.getStepRows() / rows), complete.byteSize() / Float.BYTES);
        }
        sum = null;
        clear();
        return Optional.of(complete);
    }

    @Override
    public boolean hasSummed(int slice) {
        return summed.get(slice);
    }

    @Override
    public void clear() {
        if (sum != null) {
            buffers.give(sum);
            sum = null;
        }
        parts.values().forEach(part -> buffers.give(part.sum));
        parts.clear();
        taken.clear();
        contributions = 0;
        rows = 0;
    }
}
