package dev.tutti.worker.data;

/**
 * What becomes of a byte of an image: {@code (x / 255 − mean) / std}.
 *
 * @param mean of the scaled pixels, 0 for none
 * @param std of the scaled pixels, 1 for none
 */
public record PixelScale(double mean, double std) {
    /** Bytes become [0, 1]. */
    public static final PixelScale UNIT = new PixelScale(0, 1);

    public PixelScale {
        if (!Double.isFinite(mean) || !Double.isFinite(std) || std == 0) {
            throw new IllegalArgumentException(
                    "mean must be finite and std finite and not 0, got " + mean + " and " + std);
        }
    }

    /** This, then {@code (y − nextMean) / nextStd} of its result. */
    public PixelScale then(double nextMean, double nextStd) {
        return new PixelScale(mean + nextMean * std, std * nextStd);
    }

    /** The value of each of the 256 bytes, computed in f64 and rounded once. */
    float[] table() {
        float[] table = new float[256];
        for (int x = 0; x < table.length; x++) {
            table[x] = (float) ((x / 255.0 - mean) / std);
        }
        return table;
    }
}
