package dev.tutti.tensor.optimizer;

import java.util.List;

/**
 * Adam (Kingma and Ba, 2015) as PyTorch computes it: m ← β₁m + (1−β₁)g; v ← β₂v + (1−β₂)g²; p ← p − rate/(1−β₁ᵗ) · m / (√v/√(1−β₂ᵗ) + ε). With {@link
 * Regularization#decay()} it is AdamW (Loshchilov and Hutter, 2019).
 *
 * @param beta1 in [0, 1)
 * @param beta2 in [0, 1)
 */
public record Adam(double rate, double beta1, double beta2, double epsilon) implements UpdateRule {
    public Adam {
        Settings.positive("rate", rate);
        Settings.fraction("beta1", beta1);
        Settings.fraction("beta2", beta2);
        Settings.notNegative("epsilon", epsilon);
    }

    @Override
    public List<String> stateNames() {
        return List.of("exp_avg", "exp_avg_sq");
    }

    @Override
    public Step step(long update) {
        return Factors.of(this, update);
    }

    /** What is the same for all elements of one update. */
    private record Factors(
            float beta1,
            float oneMinusBeta1,
            float beta2,
            float oneMinusBeta2,
            float epsilon,
            float stepSize,
            float rootCorrection2)
            implements Step {
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

        @Override
        public void apply(float[] p, float[] g, float[][] state, int count) {
            step(p, g, state[0], state[1], this, count);
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
