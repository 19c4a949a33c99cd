package dev.tutti.tensor.backend;

import static org.assertj.core.api.Assertions.assertThat;

/** Differences between tensors, relative to the largest magnitude in the expected one. */
public final class Closeness {
    private Closeness() {}

    public static void assertClose(String what, float[] actual, float[] expected, double tolerance) {
        assertThat(actual).as(what).hasSameSizeAs(expected);
        double largest = 0;
        double difference = 0;
        for (int i = 0; i < expected.length; i++) {
            assertThat(actual[i]).as("%s[%d]", what, i).isFinite();
            largest = Math.max(largest, Math.abs(expected[i]));
            difference = Math.max(difference, Math.abs((double) actual[i] - expected[i]));
        }
        assertThat(difference)
                .as("largest difference in %s, whose largest magnitude is %s", what, largest)
                .isLessThanOrEqualTo(tolerance * largest);
    }
}
