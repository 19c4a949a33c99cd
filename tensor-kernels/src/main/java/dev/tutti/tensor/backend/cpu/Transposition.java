package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Transpositions of any axes. Neighbouring axes that stay neighbours are one; what remains are runs to copy, matrices to transpose, or, seldom,
 * single elements.
 */
final class Transposition {
    /** A dimension of the result: its size, and elements of x from one index to the next. */
    private record Dimension(int size, long stride) {}

    private Transposition() {}

    static Kernel bind(LayoutOp.Transpose op, MemorySegment from, MemorySegment to, MatrixKernels matrices) {
        int elementBytes = op.x().type().byteSize();
        List<Dimension> dimensions = dimensions(op.x(), op.axes());
        Dimension inner = dimensions.getLast();
        if (inner.stride == 1) {
            return copies(
                    dimensions.subList(0, dimensions.size() - 1), inner.size * elementBytes, elementBytes, from, to);
        }
        int rank = dimensions.size();
        if (rank >= 2
                && rank <= 3
                && dimensions.get(rank - 2).stride == 1
                && inner.stride == dimensions.get(rank - 2).size) {
            return matrices.transposition(op.x().type(), inner.size, dimensions.get(rank - 2).size, from, to);
        }
        return copies(dimensions, elementBytes, elementBytes, from, to);
    }

    /** Of the result, outermost first; those that lie in x as they do in the result are one, and those of one element are left out. */
    private static List<Dimension> dimensions(Tensor x, List<Integer> axes) {
        List<Dimension> merged = new ArrayList<>();
        for (int axis : axes) {
            long stride = 1;
            for (int inner = axis + 1; inner < axes.size(); inner++) {
                stride *= x.shape().size(inner);
            }
            int size = x.shape().size(axis);
            if (size > 1 && !merged.isEmpty() && merged.getLast().stride == stride * size) {
                merged.set(merged.size() - 1, new Dimension(merged.getLast().size * size, stride));
            } else if (size > 1) {
                merged.add(new Dimension(size, stride));
            }
        }
        if (merged.isEmpty()) {
            merged.add(new Dimension(1, 1));
        }
        return merged;
    }

    /** Runs of x, wherever they lie, one after the other. */
    private static Kernel copies(
            List<Dimension> outer, int runBytes, int elementBytes, MemorySegment from, MemorySegment to) {
        int[] sizes = outer.stream().mapToInt(Dimension::size).toArray();
        long[] strides = outer.stream()
                .mapToLong(dimension -> dimension.stride * elementBytes)
                .toArray();
        int[] indices = new int[sizes.length];
        long count = to.byteSize() / runBytes;
        return () -> {
            long source = 0;
            for (long run = 0; run < count; run++) {
                copy(from, source, to, run * runBytes, runBytes);
                for (int d = sizes.length - 1; d >= 0; d--) {
                    source += strides[d];
                    if (++indices[d] < sizes[d]) {
                        break;
                    }
                    source -= sizes[d] * strides[d];
                    indices[d] = 0;
                }
            }
        };
    }

    private static void copy(MemorySegment from, long source, MemorySegment to, long target, int bytes) {
        switch (bytes) {
            case Integer.BYTES -> to.set(JAVA_INT_UNALIGNED, target, from.get(JAVA_INT_UNALIGNED, source));
            case Short.BYTES -> to.set(JAVA_SHORT_UNALIGNED, target, from.get(JAVA_SHORT_UNALIGNED, source));
            default -> MemorySegment.copy(from, JAVA_BYTE, source, to, JAVA_BYTE, target, bytes);
        }
    }
}
