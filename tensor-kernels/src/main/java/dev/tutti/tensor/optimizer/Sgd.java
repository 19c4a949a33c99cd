package dev.tutti.tensor.optimizer;

import java.util.List;

/**
 * Stochastic gradient descent, as PyTorch's: v ← momentum · v + g; p ← p − rate · v, or with Nesterov's momentum (Sutskever et al., 2013) p ← p − rate · (g +
 * momentum · v). Without momentum there is no state and v is g.
 *
 * @param momentum in [0, 1)
 * @param nesterov only with momentum
 */
public record Sgd(double rate, double momentum, boolean nesterov) implements UpdateRule {
    public Sgd {
        Settings.positive("rate", rate);
        Settings.fraction("momentum", momentum);
        if (nesterov && momentum == 0) {
            throw new IllegalArgumentException("nesterov needs a momentum of more than 0");
        }
    }

    public Sgd(double rate, double momentum) {
        this(rate, momentum, false);
    }

    @Override
    public List<String> stateNames() {
        return momentum == 0 ? List.of() : List.of("momentum_buffer");
    }

    /** Rate, momentum. */
    @Override
    public float[] factors(long update) {
        return new float[] {(float) rate, (float) momentum};
    }

    @Override
    public Step step(long update) {
        float[] factors = factors(update);
        float r = factors[0];
        float m = factors[1];
        if (momentum == 0) {
            return (p, g, _, count) -> plain(p, g, r, count);
        }
        return nesterov
                ? (p, g, state, count) -> nesterov(p, g, state[0], r, m, count)
                : (p, g, state, count) -> heavyBall(p, g, state[0], r, m, count);
    }

    private static void plain(float[] p, float[] g, float rate, int count) {
        for (int i = 0; i < count; i++) {
            p[i] -= rate * g[i];
        }
    }

    private static void heavyBall(float[] p, float[] g, float[] v, float rate, float momentum, int count) {
        for (int i = 0; i < count; i++) {
            float velocity = momentum * v[i] + g[i];
            v[i] = velocity;
            p[i] -= rate * velocity;
        }
    }

    private static void nesterov(float[] p, float[] g, float[] v, float rate, float momentum, int count) {
        for (int i = 0; i < count; i++) {
            float velocity = momentum * v[i] + g[i];
            v[i] = velocity;
            p[i] -= rate * (g[i] + momentum * velocity);
        }
    }
}
