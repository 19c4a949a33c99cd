package dev.tutti.tensor.optimizer;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Adam (Kingma and Ba, 2015) as PyTorch computes it: m ← β₁m + (1−β₁)g; v ← β₂v + (1−β₂)g²; p ← p − rate/(1−β₁ᵗ) · m / (√v/√(1−β₂ᵗ) + ε).
 *
 * @param beta1 in [0, 1)
 * @param beta2 in [0, 1)
 */
public record Adam(double rate, double beta1, double beta2, double epsilon) implements UpdateRule {
    public Adam {
        require(rate > 0 && Double.isFinite(rate), "rate", "more than 0", rate);
        require(beta1 >= 0 && beta1 < 1, "beta1", "in [0, 1)", beta1);
        require(beta2 >= 0 && beta2 < 1, "beta2", "in [0, 1)", beta2);
        require(epsilon >= 0 && Double.isFinite(epsilon), "epsilon", "0 or more", epsilon);
    }

    static void require(boolean holds, String name, String expected, double got) {
        if (!holds) {
            throw new IllegalArgumentException(name + " must be " + expected + ", got " + got);
        }
    }

    @Override
    public int stateSlots() {
        return 2;
    }

    @Override
    public List<String> stateNames() {
        return List.of("exp_avg", "exp_avg_sq");
    }

    @Override
    public void apply(
            MemorySegment parameters,
            MemorySegment updated,
            MemorySegment gradient,
            List<MemorySegment> state,
            long elementCount,
            long update) {
        Blocks blocks = new Blocks(4);
        float[] p = blocks.array(0);
        float[] g = blocks.array(1);
        float[] m = blocks.array(2);
        float[] v = blocks.array(3);
        Factors factors = Factors.of(this, update);
        for (long first = 0; first < elementCount; first += Blocks.ELEMENTS) {
            int count = Blocks.count(first, elementCount);
            Blocks.load(parameters, first, count, p);
            Blocks.load(gradient, first, count, g);
            Blocks.load(state.get(0), first, count, m);
            Blocks.load(state.get(1), first, count, v);
            step(p, g, m, v, factors, count);
            Blocks.store(p, updated, first, count);
            Blocks.store(m, state.get(0), first, count);
            Blocks.store(v, state.get(1), first, count);
        }
    }

    /** What is the same for all elements of one update. */
    private record Factors(
            float beta1,
            float oneMinusBeta1,
            float beta2,
            float oneMinusBeta2,
            float epsilon,
            float stepSize,
            float rootCorrection2) {
        static Factors of(Adam adam, long update) {
            return new Factors(
                    (float) adam.beta1,
                    (float) (1 - adam.beta1),
                    (float) adam.beta2,
                    (float) (1 - adam.beta2),
                    (float) adam.epsilon,
                    (float) (adam.rate / (1 - StrictMath.pow(adam.beta1, (double) update))),
                    (float) Math.sqrt(1 - StrictMath.pow(adam.beta2, (double) update)));
        }
    }

    private static void step(float[] p, float[] g, float[] m, float[] v, Factors factors, int count) {
        float beta1 = factors.beta1;
        float oneMinusBeta1 = factors.oneMinusBeta1;
        float beta2 = factors.beta2;
        float oneMinusBeta2 = factors.oneMinusBeta2;
        float epsilon = factors.epsilon;
        float stepSize = factors.stepSize;
        float rootCorrection2 = factors.rootCorrection2;
        for (int i = 0; i < count; i++) {
            float mean = beta1 * m[i] + oneMinusBeta1 * g[i];
            float square = beta2 * v[i] + oneMinusBeta2 * g[i] * g[i];
            m[i] = mean;
            v[i] = square;
            p[i] -= stepSize * mean / ((float) Math.sqrt(square) / rootCorrection2 + epsilon);
        }
    }
}
