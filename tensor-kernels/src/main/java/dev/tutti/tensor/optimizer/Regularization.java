package dev.tutti.tensor.optimizer;

/**
 * What happens to a gradient before the {@link UpdateRule} sees it, in this order: g ← clamp(g, ±clip); p ← p · (1 − rate · decay); g ← g + l1 · sign(p) + l2
 * · p, the last two as PyTorch orders them ({@code weight_decay} of AdamW, and of the others).
 *
 * @param l1 0 or more
 * @param l2 0 or more
 * @param decay 0 or more; decoupled weight decay (Loshchilov and Hutter, 2019)
 * @param clip more than 0; infinite for none
 */
public record Regularization(double l1, double l2, double decay, double clip) {
    public static final Regularization NONE = new Regularization(0, 0, 0, Double.POSITIVE_INFINITY);

    public Regularization {
        Settings.notNegative("l1", l1);
        Settings.notNegative("l2", l2);
        Settings.notNegative("decay", decay);
        if (!(clip > 0)) {
            throw new IllegalArgumentException("clip must be more than 0, got " + clip);
        }
    }

    /**
     * On the first {@code count} elements of a block.
     *
     * @param scale of the gradient, before all else: 1, or what global-norm clipping asks for
     */
    void apply(float[] p, float[] g, float scale, double rate, int count) {
        if (scale != 1) {
            scale(g, scale, count);
        }
        if (clip < Double.POSITIVE_INFINITY) {
            clip(g, (float) clip, count);
        }
        if (decay > 0) {
            scale(p, (float) (1 - rate * decay), count);
        }
        if (l1 > 0) {
            addSign(g, p, (float) l1, count);
        }
        if (l2 > 0) {
            addScaled(g, p, (float) l2, count);
        }
    }

    private static void scale(float[] x, float factor, int count) {
        for (int i = 0; i < count; i++) {
            x[i] *= factor;
        }
    }

    /** A NaN stays one. */
    private static void clip(float[] g, float bound, int count) {
        for (int i = 0; i < count; i++) {
            g[i] = Math.max(-bound, Math.min(bound, g[i]));
        }
    }

    private static void addSign(float[] g, float[] p, float factor, int count) {
        for (int i = 0; i < count; i++) {
            g[i] += factor * Math.signum(p[i]);
        }
    }

    private static void addScaled(float[] g, float[] p, float factor, int count) {
        for (int i = 0; i < count; i++) {
            g[i] += factor * p[i];
        }
    }
}
