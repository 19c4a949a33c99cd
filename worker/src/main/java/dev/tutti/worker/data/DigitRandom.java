package dev.tutti.worker.data;

import dev.tutti.tensor.random.CounterRandom;

/** Random numbers for drawing one image after the other; those of an image depend on (seed, stream, image) alone. Not thread-safe. */
final class DigitRandom {
    /** Numbers an image may draw; noise comes after them. */
    private static final long NUMBERS_PER_IMAGE = 1 << 16;

    private static final long NOISE_OFFSET = 1 << 15;
    private static final int PIXELS_PER_WORD = 8;

    private final CounterRandom random;
    private final long stream;
    private long first;
    private long next;

    DigitRandom(long seed, long stream) {
        this.random = new CounterRandom(seed);
        this.stream = CounterRandom.stream("digits") + stream;
    }

    void startAt(long image) {
        first = image * NUMBERS_PER_IMAGE;
        next = first;
    }

    /** Uniform in [0, 1). */
    double unit() {
        return random.uniform(stream, next++);
    }

    double between(double low, double high) {
        return low + (high - low) * unit();
    }

    /** Writes pixels as bytes, each with noise, uniform in [−amplitude, amplitude] of 255. */
    void noise(float[] pixels, int amplitude, byte[] target, int offset) {
        long bits = 0;
        for (int i = 0; i < pixels.length; i++) {
            if (i % PIXELS_PER_WORD == 0) {
                bits = random.longBits(stream, (first + NOISE_OFFSET) / 2 + i / PIXELS_PER_WORD);
            }
            int noise = (int) (((bits & 0xff) * (2 * amplitude + 1)) >> 8) - amplitude;
            bits >>>= 8;
            target[offset + i] = (byte) Math.clamp(Math.round(pixels[i] * 255f) + noise, 0, 255);
        }
    }
}
