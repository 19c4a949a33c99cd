package dev.tutti.tensor.optimizer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Runs an {@link UpdateRule} over slices of the flat parameter space. One thread at a time uses it; an update allocates no memory that grows with the slice.
 *
 * <p>Elements pass through arrays of one block each: the JIT compiler vectorizes loops over several arrays, which cannot overlap in part, but not over
 * several native segments, which might. A block is as short as it is because the arrays are to fit in the first-level cache together with what they are
 * copied from, and because the JVM copies 4 KiB and more by instructions that are slower for arrays, whose elements lie across cache lines.
 */
public final class SliceOptimizer {
    private static final int BLOCK = 256;

    private final UpdateRule rule;
    private final Regularization regularization;
    private final float[] p = new float[BLOCK];
    private final float[] g = new float[BLOCK];
    private final float[][] slots;

    public SliceOptimizer(UpdateRule rule, Regularization regularization) {
        this.rule = rule;
        this.regularization = regularization;
        this.slots = new float[rule.stateNames().size()][BLOCK];
    }

    public UpdateRule rule() {
        return rule;
    }

    public Regularization regularization() {
        return regularization;
    }

    /** Numbers of optimizer state for each parameter. */
    public int stateSlots() {
        return slots.length;
    }

    public List<String> stateNames() {
        return rule.stateNames();
    }

    /**
     * Applies one update to a slice. Segments hold {@code elementCount} f32 in native order from their start on.
     *
     * @param parameters the current values, only read
     * @param updated where the new values go; may be {@code parameters} itself
     * @param gradient only read
     * @param gradientScale what to multiply it with first
     * @param state {@link #stateSlots()} segments, updated in place
     * @param update the 1-based count of updates of this slice, this one included
     */
    public void apply(
            MemorySegment parameters,
            MemorySegment updated,
            MemorySegment gradient,
            float gradientScale,
            List<MemorySegment> state,
            long elementCount,
            long update) {
        UpdateRule.Step step = rule.step(update);
        for (long first = 0; first < elementCount; first += BLOCK) {
            int count = (int) Math.min(BLOCK, elementCount - first);
            load(parameters, first, p, count);
            load(gradient, first, g, count);
            for (int slot = 0; slot < slots.length; slot++) {
                load(state.get(slot), first, slots[slot], count);
            }
            regularization.apply(p, g, gradientScale, rule.rate(), count);
            step.apply(p, g, slots, count);
            store(p, updated, first, count);
            for (int slot = 0; slot < slots.length; slot++) {
                store(slots[slot], state.get(slot), first, count);
            }
        }
    }

    private static void load(MemorySegment source, long first, float[] block, int count) {
        MemorySegment.copy(source, JAVA_FLOAT_UNALIGNED, first * Float.BYTES, block, 0, count);
    }

    private static void store(float[] block, MemorySegment target, long first, int count) {
        MemorySegment.copy(block, 0, target, JAVA_FLOAT_UNALIGNED, first * Float.BYTES, count);
    }
}
