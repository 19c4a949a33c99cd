package dev.tutti.tensor.optimizer;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Stochastic gradient descent, as PyTorch's: v ← momentum · v + g; p ← p − rate · v. Without momentum there is no state and v is g.
 *
 * @param momentum in [0, 1)
 */
public record Sgd(double rate, double momentum) implements UpdateRule {
    public Sgd {
        Adam.require(rate > 0 && Double.isFinite(rate), "rate", "more than 0", rate);
        Adam.require(momentum >= 0 && momentum < 1, "momentum", "in [0, 1)", momentum);
    }

    @Override
    public int stateSlots() {
        return momentum == 0 ? 0 : 1;
    }

    @Override
    public List<String> stateNames() {
        return momentum == 0 ? List.of() : List.of("momentum_buffer");
    }

    @Override
    public void apply(
            MemorySegment parameters,
            MemorySegment updated,
            MemorySegment gradient,
            List<MemorySegment> state,
            long elementCount,
            long update) {
        Blocks blocks = new Blocks(2 + stateSlots());
        float[] p = blocks.array(0);
        float[] g = blocks.array(1);
        float r = (float) rate;
        for (long first = 0; first < elementCount; first += Blocks.ELEMENTS) {
            int count = Blocks.count(first, elementCount);
            Blocks.load(parameters, first, count, p);
            Blocks.load(gradient, first, count, g);
            if (momentum == 0) {
                step(p, g, r, count);
            } else {
                float[] v = blocks.array(2);
                Blocks.load(state.getFirst(), first, count, v);
                step(p, g, v, r, (float) momentum, count);
                Blocks.store(v, state.getFirst(), first, count);
            }
            Blocks.store(p, updated, first, count);
        }
    }

    private static void step(float[] p, float[] g, float rate, int count) {
        for (int i = 0; i < count; i++) {
            p[i] -= rate * g[i];
        }
    }

    private static void step(float[] p, float[] g, float[] v, float rate, float momentum, int count) {
        for (int i = 0; i < count; i++) {
            float velocity = momentum * v[i] + g[i];
            v[i] = velocity;
            p[i] -= rate * velocity;
        }
    }
}
