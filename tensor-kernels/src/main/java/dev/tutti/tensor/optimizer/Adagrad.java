package dev.tutti.tensor.optimizer;

import java.util.List;

/**
 * Adagrad (Duchi, Hazan and Singer, 2011) as PyTorch computes it: s ← s + g²; p ← p − rate/(1 + (t−1)·rateDecay) · g / (√s + ε).
 *
 * @param rateDecay 0 or more
 */
public record Adagrad(double rate, double rateDecay, double epsilon) implements UpdateRule {
    public Adagrad {
        Settings.positive("rate", rate);
        Settings.notNegative("rateDecay", rateDecay);
        Settings.notNegative("epsilon", epsilon);
    }

    @Override
    public List<String> stateNames() {
        return List.of("sum");
    }

    /** Rate of this update, ε. */
    @Override
    public float[] factors(long update) {
        return new float[] {(float) (rate / (1 + (update - 1) * rateDecay)), (float) epsilon};
    }

    @Override
    public Step step(long update) {
        float[] factors = factors(update);
        float r = factors[0];
        float e = factors[1];
        return (p, g, state, count) -> step(p, g, state[0], r, e, count);
    }

    private static void step(float[] p, float[] g, float[] s, float rate, float epsilon, int count) {
        for (int i = 0; i < count; i++) {
            float sum = s[i] + g[i] * g[i];
            s[i] = sum;
            p[i] -= rate * g[i] / ((float) Math.sqrt(sum) + epsilon);
        }
    }
}
