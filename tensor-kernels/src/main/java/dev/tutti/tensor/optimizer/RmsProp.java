package dev.tutti.tensor.optimizer;

import java.util.List;

/**
 * RMSprop (Hinton, 2012) as PyTorch computes it: s ← α·s + (1−α)g²; u = g / (√s + ε); p ← p − rate · u, or with momentum b ← momentum · b + u; p ← p −
 * rate · b.
 *
 * @param alpha in [0, 1): what is kept of the mean square
 * @param momentum in [0, 1)
 */
public record RmsProp(double rate, double alpha, double epsilon, double momentum) implements UpdateRule {
    public RmsProp {
        Settings.positive("rate", rate);
        Settings.fraction("alpha", alpha);
        Settings.notNegative("epsilon", epsilon);
        Settings.fraction("momentum", momentum);
    }

    @Override
    public List<String> stateNames() {
        return momentum == 0 ? List.of("square_avg") : List.of("square_avg", "momentum_buffer");
    }

    /** Rate, α, 1 − α, ε, momentum. */
    @Override
    public float[] factors(long update) {
        return new float[] {(float) rate, (float) alpha, (float) (1 - alpha), (float) epsilon, (float) momentum};
    }

    @Override
    public Step step(long update) {
        float[] factors = factors(update);
        float r = factors[0];
        float keep = factors[1];
        float take = factors[2];
        float e = factors[3];
        float m = factors[4];
        return momentum == 0
                ? (p, g, state, count) -> plain(p, g, state[0], r, keep, take, e, count)
                : (p, g, state, count) -> {
                    scaled(g, state[0], state[1], m, keep, take, e, count);
                    move(p, state[1], r, count);
                };
    }

    private static void plain(
            float[] p, float[] g, float[] s, float rate, float keep, float take, float epsilon, int count) {
        for (int i = 0; i < count; i++) {
            float square = keep * s[i] + take * g[i] * g[i];
            s[i] = square;
            p[i] -= rate * g[i] / ((float) Math.sqrt(square) + epsilon);
        }
    }

    /** b ← momentum · b + u. */
    private static void scaled(
            float[] g, float[] s, float[] b, float momentum, float keep, float take, float epsilon, int count) {
        for (int i = 0; i < count; i++) {
            float square = keep * s[i] + take * g[i] * g[i];
            s[i] = square;
            b[i] = momentum * b[i] + g[i] / ((float) Math.sqrt(square) + epsilon);
        }
    }

    private static void move(float[] p, float[] b, float rate, int count) {
        for (int i = 0; i < count; i++) {
            p[i] -= rate * b[i];
        }
    }
}
