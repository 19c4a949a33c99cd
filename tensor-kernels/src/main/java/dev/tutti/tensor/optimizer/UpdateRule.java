package dev.tutti.tensor.optimizer;

import java.lang.foreign.MemorySegment;

/**
 * How a gradient changes parameters, element by element, so that any cut of the flat space into slices gives the same bits.
 * State is f32, {@link #stateSlots()} numbers a parameter, zero at first.
 */
public sealed interface UpdateRule permits Sgd, Adam {
    /** Numbers of optimizer state for each parameter. */
    int stateSlots();

    /** Names of the state slots as they stand in checkpoints, e.g. {@code exp_avg}. */
    java.util.List<String> stateNames();

    /**
     * Applies one update to a slice. Segments hold {@code elementCount} f32 in native order from their start on.
     *
     * @param parameters the current values, only read
     * @param updated where the new values go; may be {@code parameters} itself
     * @param gradient only read
     * @param state {@link #stateSlots()} segments, updated in place
     * @param update the 1-based count of updates of this slice, this one included (Adam's t)
     */
    void apply(
            MemorySegment parameters,
            MemorySegment updated,
            MemorySegment gradient,
            java.util.List<MemorySegment> state,
            long elementCount,
            long update);
}
