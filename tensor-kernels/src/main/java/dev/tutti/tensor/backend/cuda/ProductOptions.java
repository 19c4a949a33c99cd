package dev.tutti.tensor.backend.cuda;

/**
 * How exact products by cuBLASLt are, as system properties say.
 *
 * @param tf32 whether operands in f32 may be shortened to 10 bits of mantissa, for tensor cores
 * @param deterministic whether they have the same bits at every run
 */
record ProductOptions(boolean tf32, boolean deterministic) {
    static final String TF32 = "tutti.cuda.tf32";
    static final String DETERMINISTIC = "tutti.cuda.deterministic";

    static ProductOptions ofProperties() {
        return new ProductOptions(
                Boolean.getBoolean(TF32), Boolean.parseBoolean(System.getProperty(DETERMINISTIC, "true")));
    }

    /** What is to be said of the bits of results. */
    @Override
    public String toString() {
        return (tf32 ? " with tf32" : "") + (deterministic ? "" : ", not deterministic");
    }
}
