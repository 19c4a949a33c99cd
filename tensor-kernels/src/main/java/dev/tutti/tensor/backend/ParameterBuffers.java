package dev.tutti.tensor.backend;

import java.lang.foreign.MemorySegment;

/**
 * The flat parameter space of a model, and a gradient space of the same layout: f32 elements, tensors back to back in the
 * graph's parameter order, each at the element offset {@link dev.tutti.tensor.graph.Graph} gives it. Several programs (full
 * batch, last batch, evaluation) share one pair. Owned by whoever allocated it; it must outlive the programs.
 *
 * @param parameters native memory, 64-byte aligned, 4 bytes an element
 * @param gradients the same size and alignment; untouched by graphs without gradients
 */
public record ParameterBuffers(MemorySegment parameters, MemorySegment gradients) {
    static final int BYTE_ALIGNMENT = 64;
}
