package dev.tutti.tensor.optimizer;

/** Bounds of the numbers a rule is made of. */
final class Settings {
    private Settings() {}

    static void positive(String name, double value) {
        require(value > 0 && Double.isFinite(value), name, "more than 0", value);
    }

    static void notNegative(String name, double value) {
        require(value >= 0 && Double.isFinite(value), name, "0 or more", value);
    }

    /** In [0, 1): what is kept of a moving average. */
    static void fraction(String name, double value) {
        require(value >= 0 && value < 1, name, "in [0, 1)", value);
    }

    private static void require(boolean holds, String name, String expected, double got) {
        if (!holds) {
            throw new IllegalArgumentException(name + " must be " + expected + ", got " + got);
        }
    }
}
