package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Operations that touch each element once. Row buffers are allocated when a kernel is bound. */
final class ElementwiseKernels {
    private static final int F32_INFINITY = 0x7f800000;
    private static final int BF16_INFINITY = 0x7f80;
    private static final int F16_INFINITY = 0x7c00;

    private final ProgramMemory memory;

    ElementwiseKernels(ProgramMemory memory) {
        this.memory = memory;
    }

    Kernel add(ElementwiseOp.Add op, Tensor result) {
        Rows left = Rows.flat(memory.of(op.left()));
        Rows right = Rows.flat(memory.of(op.right()));
        Rows y = Rows.flat(memory.of(result));
        float[] sum = y.newRow();
        float[] addend = y.newRow();
        return () -> {
            for (int r = 0; r < y.count(); r++) {
                left.load(r, sum);
                right.load(r, addend);
                VectorMath.add(sum, addend, y.length(r));
                y.store(sum, r);
            }
        };
    }

    Kernel addBias(MatrixOp.AddBias op, Tensor result) {
        int columns = Math.toIntExact(op.bias().elementCount());
        Rows x = new Rows(memory.of(op.x()), columns);
        Rows bias = new Rows(memory.of(op.bias()), columns);
        Rows y = new Rows(memory.of(result), columns);
        float[] sum = y.newRow();
        float[] addend = y.newRow();
        return () -> {
            bias.load(0, addend);
            for (int r = 0; r < y.count(); r++) {
                x.load(r, sum);
                VectorMath.add(sum, addend, columns);
                y.store(sum, r);
            }
        };
    }

    /** @param values f32 */
    Kernel columnSum(MemorySegment values, Tensor result) {
        Rows x = new Rows(values, Math.toIntExact(result.elementCount()));
        Rows y = new Rows(memory.of(result), x.columns());
        float[] sum = x.newRow();
        float[] addend = x.newRow();
        return () -> {
            Arrays.fill(sum, 0);
            for (int r = 0; r < x.count(); r++) {
                x.load(r, addend);
                VectorMath.add(sum, addend, addend.length);
            }
            y.store(sum, 0);
        };
    }

    Kernel relu(ElementwiseOp.Activate op, Tensor result) {
        return reluF32(memory.of(op.x()), memory.of(result));
    }

    Kernel reluInPlace(Tensor tensor) {
        MemorySegment segment = memory.of(tensor);
        return tensor.type() == ElementType.F32
                ? reluF32(segment, segment)
                : reluHalf(segment, infinity(tensor.type()));
    }

    private static Kernel reluF32(MemorySegment from, MemorySegment to) {
        Rows x = Rows.flat(from);
        Rows y = Rows.flat(to);
        float[] row = y.newRow();
        return () -> {
            for (int r = 0; r < y.count(); r++) {
                x.load(r, row);
                relu(row, y.length(r));
                y.store(row, r);
            }
        };
    }

    /** Two elements in each integer: loops over shorts do not vectorize. */
    private static Kernel reluHalf(MemorySegment segment, int infinity) {
        Rows pairs = Rows.flat(segment);
        int[] row = new int[pairs.columns()];
        boolean odd = segment.byteSize() % Integer.BYTES != 0;
        long last = segment.byteSize() - Short.BYTES;
        return () -> {
            for (int r = 0; r < pairs.count(); r++) {
                pairs.load(r, row);
                reluOfPairs(row, pairs.length(r), infinity);
                pairs.store(row, r);
            }
            if (odd) {
                int bits = Short.toUnsignedInt(segment.get(JAVA_SHORT_UNALIGNED, last));
                segment.set(JAVA_SHORT_UNALIGNED, last, (short) reluOfPair(bits, infinity));
            }
        };
    }

    Kernel reluGradient(ElementwiseOp.ActivateGradient op, Tensor result) {
        return result.type() == ElementType.F32 ? reluGradientF32(op, result) : reluGradientHalf(op, result);
    }

    /** Two elements in each integer. */
    private Kernel reluGradientHalf(ElementwiseOp.ActivateGradient op, Tensor result) {
        Rows gradient = Rows.flat(memory.of(op.gradient()));
        Rows outputs = Rows.flat(memory.of(op.saved()));
        Rows y = Rows.flat(memory.of(result));
        int infinity = infinity(op.saved().type());
        int[] row = new int[y.columns()];
        int[] output = new int[y.columns()];
        boolean odd = result.elementCount() % 2 != 0;
        long last = result.byteSize() - Short.BYTES;
        return () -> {
            for (int r = 0; r < y.count(); r++) {
                gradient.load(r, row);
                outputs.load(r, output);
                keepPairsWherePositive(row, output, y.length(r), infinity);
                y.store(row, r);
            }
            if (odd) {
                int saved = Short.toUnsignedInt(outputs.memory().get(JAVA_SHORT_UNALIGNED, last));
                int kept = gradient.memory().get(JAVA_SHORT_UNALIGNED, last) & positivePairs(saved, infinity);
                y.memory().set(JAVA_SHORT_UNALIGNED, last, (short) kept);
            }
        };
    }

    private Kernel reluGradientF32(ElementwiseOp.ActivateGradient op, Tensor result) {
        Rows gradient = Rows.flat(memory.of(op.gradient()));
        Rows y = Rows.flat(memory.of(result));
        MemorySegment saved = memory.of(op.saved());
        Rows outputs = Rows.flat(saved);
        int infinity = infinity(op.saved().type());
        boolean isWide = op.saved().type() == ElementType.F32;
        int[] row = new int[y.columns()];
        int[] output = new int[y.columns()];
        short[] narrow = new short[y.columns()];
        return () -> {
            for (int r = 0; r < y.count(); r++) {
                gradient.load(r, row);
                if (isWide) {
                    outputs.load(r, output);
                } else {
                    long offset = (long) r * y.columns() * Short.BYTES;
                    MemorySegment.copy(saved, JAVA_SHORT_UNALIGNED, offset, narrow, 0, y.length(r));
                    widen(narrow, output, y.length(r));
                }
                keepWherePositive(row, output, y.length(r), infinity);
                y.store(row, r);
            }
        };
    }

    /** Its bits; those of a NaN without its sign are more. */
    private static int infinity(ElementType type) {
        return switch (type) {
            case F32 -> F32_INFINITY;
            case BF16 -> BF16_INFINITY;
            case F16 -> F16_INFINITY;
            case I32 -> throw new IllegalArgumentException("no relu of " + type);
        };
    }

    private static void relu(float[] x, int count) {
        for (int i = 0; i < count; i++) {
            x[i] = Math.max(x[i], 0);
        }
    }

    private static void reluOfPairs(int[] x, int count, int infinity) {
        for (int i = 0; i < count; i++) {
            x[i] = reluOfPair(x[i], infinity);
        }
    }

    /**
     * On the bits of two bf16 or f16: clears what has its sign set, unless it is a NaN, whose other bits are more than those of infinity.
     */
    private static int reluOfPair(int bits, int infinity) {
        int cleared = bits & ~signsOfNaNs(bits, infinity) & 0x80008000;
        return bits & ~((cleared << 1) - (cleared >>> 15));
    }

    /** Of two bf16 or f16, sets the sign of each NaN; what becomes of the other bits does not matter. */
    private static int signsOfNaNs(int bits, int infinity) {
        return (bits & 0x7fff7fff) + (0x7fff - infinity) * 0x00010001;
    }

    private static void widen(short[] from, int[] to, int count) {
        for (int i = 0; i < count; i++) {
            to[i] = from[i];
        }
    }

    /**
     * Clears the bits of each f32 in {@code x} whose counterpart is not positive, or a NaN. As integers, numbers above zero have bits from 1 to those of infinity: neither
     * difference is negative. No branch and no comparison, since neither vectorizes.
     */
    private static void keepWherePositive(int[] x, int[] output, int count, int infinity) {
        for (int i = 0; i < count; i++) {
            int o = output[i];
            x[i] &= ~(((o - 1) | (infinity - o)) >> 31);
        }
    }

    private static void keepPairsWherePositive(int[] x, int[] output, int count, int infinity) {
        for (int i = 0; i < count; i++) {
            x[i] &= positivePairs(output[i], infinity);
        }
    }

    /** All bits of each half whose sign is clear, and which is neither zero nor a NaN. */
    private static int positivePairs(int bits, int infinity) {
        int notZero = (bits & 0x7fff7fff) + 0x7fff7fff;
        int positive = notZero & ~bits & ~signsOfNaNs(bits, infinity) & 0x80008000;
        return (positive << 1) - (positive >>> 15);
    }
}
