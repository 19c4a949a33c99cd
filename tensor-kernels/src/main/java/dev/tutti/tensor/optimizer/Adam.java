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

    /** β₁, 1 − β₁, β₂, 1 − β₂, ε, rate / (1 − β₁ᵗ), √(1 − β₂ᵗ). */
    @Override
    public float[] factors(long update) {
        return new float[] {
            (float) beta1,
            (float) (1 - beta1),
            (float) beta2,
            (float) (1 - beta2),
            (float) epsilon,
            (float) (rate / (1 - StrictMath.pow(beta1, (double) update))),
            (float) Math.sqrt(1 - StrictMath.pow(beta2, (double) update))
        };
    }

    @Override
    public Step step(long update) {
        float[] factors = factors(update);
        return (p, g, state, count) -> step(p, g, state[0], state[1], factors, count);
    }

    private static void step(float[] p, float[] g, float[] m, float[] v, float[] factors, int count) {
        float beta1 = factors[0];
        float oneMinusBeta1 = factors[1];
        float beta2 = factors[2];
        float oneMinusBeta2 = factors[3];
        float epsilon = factors[4];
        float stepSize = factors[5];
        float rootCorrection2 = factors[6];
        for (int i = 0; i < count; i++) {
            float mean = beta1 * m[i] + oneMinusBeta1 * g[i];
            float square = beta2 * v[i] + oneMinusBeta2 * g[i] * g[i];
            m[i] = mean;
            v[i] = square;
            p[i] -= stepSize * mean / ((float) Math.sqrt(square) / rootCorrection2 + epsilon);
        }
    }
}
