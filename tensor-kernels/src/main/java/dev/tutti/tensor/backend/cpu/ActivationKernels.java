package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Smooth functions of each element, and their derivatives, in f32. */
record ActivationKernels(ProgramMemory memory) {
    private static final float INVERSE_SQRT_2_PI = (float) Math.sqrt(0.5 / Math.PI);
    private static final float SLOPE = (float) (0.3275911 * Math.sqrt(0.5));
    private static final float TAIL_1 = (float) (0.5 * 0.254829592);
    private static final float TAIL_2 = (float) (0.5 * -0.284496736);
    private static final float TAIL_3 = (float) (0.5 * 1.421413741);
    private static final float TAIL_4 = (float) (0.5 * -1.453152027);
    private static final float TAIL_5 = (float) (0.5 * 1.061405429);
    /** Makes a number's sign of it where the result is cut to ±1. */
    private static final float STEEP = 1e30f;

    Kernel scale(ElementwiseOp.Scale op, Tensor result) {
        Rows x = Rows.flat(memory.of(op.x()));
        Rows y = Rows.flat(memory.of(result));
        MemorySegment scalar = memory.of(op.scalar());
        float[] row = y.newRow();
        return () -> {
            float factor = op.factor() * scalar.get(JAVA_FLOAT_UNALIGNED, 0);
            for (int r = 0; r < y.count(); r++) {
                x.load(r, row);
                VectorMath.scale(row, factor, y.length(r));
                y.store(row, r);
            }
        };
    }

    Kernel activate(ElementwiseOp.Activate op, Tensor result) {
        Rows x = Rows.flat(memory.of(op.x()));
        Rows y = Rows.flat(memory.of(result));
        float[] row = y.newRow();
        Function function = function(op.activation(), row.length);
        return () -> {
            for (int r = 0; r < y.count(); r++) {
                x.load(r, row);
                function.apply(row, y.length(r));
                y.store(row, r);
            }
        };
    }

    /** In place. */
    @FunctionalInterface
    private interface Function {
        void apply(float[] x, int count);
    }

    private static Function function(Activation activation, int length) {
        return switch (activation) {
            case IDENTITY -> (_, _) -> {};
            case RELU -> throw new IllegalArgumentException("relu has a kernel of its own");
            case GELU -> {
                Normal normal = new Normal(length);
                yield normal::gelu;
            }
            case TANH -> VectorMath::tanh;
            case SIGMOID -> VectorMath::sigmoid;
        };
    }

    Kernel gradient(ElementwiseOp.ActivateGradient op, Tensor result) {
        Rows gradient = Rows.flat(memory.of(op.gradient()));
        Rows saved = Rows.flat(memory.of(op.saved()));
        Rows y = Rows.flat(memory.of(result));
        float[] row = y.newRow();
        float[] derivative = y.newRow();
        Function function = derivative(op.activation(), row.length);
        return () -> {
            for (int r = 0; r < y.count(); r++) {
                gradient.load(r, row);
                saved.load(r, derivative);
                function.apply(derivative, y.length(r));
                VectorMath.multiply(row, derivative, row, y.length(r));
                y.store(row, r);
            }
        };
    }

    /** From what {@link Activation#saves} names. */
    private static Function derivative(Activation activation, int length) {
        return switch (activation) {
            case IDENTITY -> (x, count) -> Arrays.fill(x, 0, count, 1);
            case RELU -> throw new IllegalArgumentException("relu has a kernel of its own");
            case GELU -> {
                Normal normal = new Normal(length);
                yield normal::geluDerivative;
            }
            case TANH -> ActivationKernels::tanhDerivative;
            case SIGMOID -> ActivationKernels::sigmoidDerivative;
        };
    }

    private static void tanhDerivative(float[] y, int count) {
        for (int i = 0; i < count; i++) {
            y[i] = 1 - y[i] * y[i];
        }
    }

    private static void sigmoidDerivative(float[] y, int count) {
        for (int i = 0; i < count; i++) {
            y[i] = y[i] * (1 - y[i]);
        }
    }

    /** The normal distribution: Q(x) = 1 − Φ(|x|) by Abramowitz & Stegun 7.1.26, to 1e-7. */
    private static final class Normal {
        private final VectorMath.Exponential exponential;
        private final float[] exponentials;
        private final float[] tails;

        Normal(int length) {
            this.exponential = new VectorMath.Exponential(length);
            this.exponentials = new float[length];
            this.tails = new float[length];
        }

        void gelu(float[] x, int count) {
            compute(x, count);
            gelu(x, tails, count);
        }

        void geluDerivative(float[] x, int count) {
            compute(x, count);
            geluDerivative(x, tails, exponentials, count);
        }

        /** exp(−x² / 2) and Q(x). */
        private void compute(float[] x, int count) {
            halfSquares(x, exponentials, count);
            exponential.apply(exponentials, count);
            tails(x, exponentials, tails, count);
        }

        private static void halfSquares(float[] x, float[] y, int count) {
            for (int i = 0; i < count; i++) {
                y[i] = -0.5f * x[i] * x[i];
            }
        }

        private static void tails(float[] x, float[] exponential, float[] y, int count) {
            for (int i = 0; i < count; i++) {
                float t = 1 / Math.fma(Math.abs(x[i]), SLOPE, 1);
                float p = Math.fma(t, TAIL_5, TAIL_4);
                p = Math.fma(p, t, TAIL_3);
                p = Math.fma(p, t, TAIL_2);
                p = Math.fma(p, t, TAIL_1);
                y[i] = p * t * exponential[i];
            }
        }

        /** x · Φ(x) = max(x, 0) − |x| · Q(x). */
        private static void gelu(float[] x, float[] tail, int count) {
            for (int i = 0; i < count; i++) {
                x[i] = Math.max(x[i], 0) - Math.abs(x[i]) * tail[i];
            }
        }

        /** Φ(x) + x · φ(x), Φ(x) = 1/2 ± (1/2 − Q(x)). */
        private static void geluDerivative(float[] x, float[] tail, float[] exponential, int count) {
            for (int i = 0; i < count; i++) {
                float sign = Math.min(1, Math.max(-1, x[i] * STEEP));
                float density = INVERSE_SQRT_2_PI * exponential[i];
                x[i] = Math.fma(x[i], density, Math.fma(sign, 0.5f - tail[i], 0.5f));
            }
        }
    }
}
