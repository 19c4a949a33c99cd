package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.tutti.tensor.graph.ElementType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** f32 products in Java, one row of the result after the other; rows of the factors are copied to the heap, see {@link Rows}. */
final class PortableGemm implements Gemm {
    private final GemmSize size;
    private final float[][] left;
    private final float[][] right;
    private final float[] row;

    PortableGemm(GemmSize size) {
        if (size.type() != ElementType.F32) {
            throw new UnsupportedOperationException("portable products are of f32, not of " + size.type());
        }
        this.size = size;
        this.left = new float[size.rows()][size.inner()];
        this.right = new float[size.inner()][size.columns()];
        this.row = new float[size.columns()];
    }

    @Override
    public void multiply(MemorySegment left, MemorySegment right, MemorySegment result, boolean add) {
        load(left, size.left(), this.left);
        load(right, size.right(), this.right);
        for (int r = 0; r < size.rows(); r++) {
            long offset = (long) r * size.resultStride() * Float.BYTES;
            if (add) {
                MemorySegment.copy(result, JAVA_FLOAT_UNALIGNED, offset, row, 0, row.length);
            } else {
                Arrays.fill(row, 0);
            }
            PackedMatrix.addRow(row, this.left[r], this.right, 0, row.length);
            MemorySegment.copy(row, 0, result, JAVA_FLOAT_UNALIGNED, offset, row.length);
        }
    }

    private static void load(MemorySegment from, GemmSize.Factor factor, float[][] to) {
        long stride = (long) factor.stride() * Float.BYTES;
        for (int r = 0; r < to.length; r++) {
            float[] row = to[r];
            if (factor.transposed()) {
                for (int c = 0; c < row.length; c++) {
                    row[c] = from.get(JAVA_FLOAT_UNALIGNED, c * stride + (long) r * Float.BYTES);
                }
            } else {
                MemorySegment.copy(from, JAVA_FLOAT_UNALIGNED, r * stride, row, 0, row.length);
            }
        }
    }
}
