package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.tutti.tensor.graph.ElementType;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** oneDNN's BLAS: for products too small to set up a primitive each, and for matrices that move. */
record OneDnnGemm(GemmSize size) implements Gemm {
    private static final MethodHandle F32 = function("dnnl_sgemm");
    private static final MethodHandle BF16 = function("dnnl_gemm_bf16bf16f32");

    /** As in BLAS, but row-major: how each factor lies, rows, columns, inner, the factor and each matrix with its stride. */
    private static MethodHandle function(String name) {
        return OneDnn.status(
                name,
                JAVA_BYTE,
                JAVA_BYTE,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_FLOAT,
                ADDRESS,
                JAVA_LONG,
                ADDRESS,
                JAVA_LONG,
                JAVA_FLOAT,
                ADDRESS,
                JAVA_LONG);
    }

    /** Whether this processor multiplies the type. */
    static boolean multiplies(ElementType type) {
        return switch (type) {
            case F32 -> true;
            case BF16 -> OneDnn.hasAvx512();
            case F16, I32 -> false;
        };
    }

    @Override
    public void multiply(MemorySegment left, MemorySegment right, MemorySegment result, boolean add) {
        MethodHandle function = size.type() == ElementType.BF16 ? BF16 : F32;
        int status;
        try {
            status = (int) function.invokeExact(
                    transposition(size.left()),
                    transposition(size.right()),
                    (long) size.rows(),
                    (long) size.columns(),
                    (long) size.inner(),
                    1f,
                    left,
                    (long) size.left().stride(),
                    right,
                    (long) size.right().stride(),
                    add ? 1f : 0f,
                    result,
                    (long) size.resultStride());
        } catch (Throwable e) {
            throw OneDnn.unchecked(e);
        }
        OneDnn.check("product", status);
    }

    private static byte transposition(GemmSize.Factor factor) {
        return (byte) (factor.transposed() ? 'T' : 'N');
    }
}
