package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.backend.BackendUnavailableException;

/**
 * How exact products by cuBLASLt are, as system properties say.
 *
 * @param tf32 whether operands in f32 may be shortened to 10 bits of mantissa, for tensor cores
 * @param deterministic whether they have the same bits at every run
 */
record ProductOptions(boolean tf32, boolean deterministic) {
    static final String TF32 = "tutti.cuda.tf32";
    static final String DETERMINISTIC = "tutti.cuda.deterministic";

    /** @throws BackendUnavailableException if one of them is neither true nor false */
    static ProductOptions ofProperties() {
        return new ProductOptions(flag(TF32, false), flag(DETERMINISTIC, true));
    }

    private static boolean flag(String property, boolean unset) {
        return switch (System.getProperty(property, "")) {
            case "" -> unset;
            case "true" -> true;
            case "false" -> false;
            default ->
                throw new BackendUnavailableException(
                        "-D%s must be true or false, got %s".formatted(property, System.getProperty(property)));
        };
    }

    /** What is to be said of the bits of results. */
    @Override
    public String toString() {
        return (tf32 ? " with tf32" : "") + (deterministic ? "" : ", not deterministic");
    }
}
