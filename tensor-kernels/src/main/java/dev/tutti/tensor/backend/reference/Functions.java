package dev.tutti.tensor.backend.reference;

import dev.tutti.tensor.graph.Activation;

/** Activations and their derivatives in f64. */
public final class Functions {
    private static final double SQRT_2 = StrictMath.sqrt(2);
    private static final double SQRT_PI = StrictMath.sqrt(StrictMath.PI);
    /** Where {@link #erf} goes from its series to its continued fraction. */
    private static final double SERIES_LIMIT = 2.5;

    private Functions() {}

    static double apply(Activation activation, double x) {
        return switch (activation) {
            case IDENTITY -> x;
            case RELU -> Math.max(x, 0);
            case GELU -> x * normal(x);
            case TANH -> StrictMath.tanh(x);
            case SIGMOID -> sigmoid(x);
        };
    }

    /** @param saved the input or the output, as {@link Activation#saves} says */
    static double derivative(Activation activation, double saved) {
        return switch (activation) {
            case IDENTITY -> 1;
            case RELU -> saved > 0 ? 1 : 0;
            case GELU -> normal(saved) + saved * StrictMath.exp(-saved * saved / 2) / (SQRT_2 * SQRT_PI);
            case TANH -> 1 - saved * saved;
            case SIGMOID -> saved * (1 - saved);
        };
    }

    /** 1 / (1 + exp(−x)). */
    public static double sigmoid(double x) {
        return 1 / (1 + StrictMath.exp(-x));
    }

    /** log(1 + exp(x)), without overflow. */
    static double softplus(double x) {
        return Math.max(x, 0) + StrictMath.log1p(StrictMath.exp(-Math.abs(x)));
    }

    /** The normal distribution's Φ. */
    private static double normal(double x) {
        return 0.5 * erfc(-x / SQRT_2);
    }

    /** 1 − erf(x) = 2/√π ∫ from x to ∞ exp(−t²) dt, to about 1e-15; Abramowitz & Stegun 7.1.5 and 7.1.14. */
    static double erfc(double x) {
        if (Math.abs(x) < SERIES_LIMIT) {
            return 1 - erf(x);
        }
        double tail = continuedFraction(Math.abs(x));
        return x > 0 ? tail : 2 - tail;
    }

    /** 2/√π · Σ (−1)ⁿ x²ⁿ⁺¹ / (n! (2n + 1)). */
    private static double erf(double x) {
        double power = x;
        double sum = x;
        for (int n = 1; Math.abs(power) > 1e-18 * Math.abs(sum); n++) {
            power *= -x * x / n;
            sum += power / (2 * n + 1);
        }
        return 2 / SQRT_PI * sum;
    }

    /** exp(−x²)/√π · 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + 2/(x + …). */
    private static double continuedFraction(double x) {
        if (Double.isNaN(x)) {
            return x;
        }
        double fraction = x;
        for (int n = 120; n > 0; n--) {
            fraction = x + n / 2.0 / fraction;
        }
        return StrictMath.exp(-x * x) / (SQRT_PI * fraction);
    }
}
