package dev.tutti.tensor.random;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.tutti.tensor.graph.Initializer;
import java.lang.foreign.MemorySegment;

/** First values of parameters: each element is a pure function of (seed, tensor name, element index), so any shard can draw its own part. */
public final class ParameterInitialization {
    private ParameterInitialization() {}

    /**
     * Writes elements {@code firstElement} to {@code firstElement + count - 1} of a tensor.
     *
     * @param tensor its name, e.g. {@code dense-1.weight}
     * @param target f32 in native order, {@code count} elements from its start on
     */
    public static void fill(
            long seed, String tensor, Initializer initializer, long firstElement, long count, MemorySegment target) {
        switch (initializer) {
            case Initializer.Constant(var value) -> {
                for (long i = 0; i < count; i++) {
                    target.set(JAVA_FLOAT_UNALIGNED, i * Float.BYTES, value);
                }
            }
            case Initializer.Uniform(var bound) -> {
                CounterRandom random = new CounterRandom(seed);
                long stream = CounterRandom.stream(tensor);
                for (long i = 0; i < count; i++) {
                    float uniform = random.uniform(stream, firstElement + i);
                    target.set(JAVA_FLOAT_UNALIGNED, i * Float.BYTES, (2 * uniform - 1) * bound);
                }
            }
            case Initializer.Normal(var deviation) -> {
                CounterRandom random = new CounterRandom(seed);
                long stream = CounterRandom.stream(tensor);
                for (long i = 0; i < count; i++) {
                    float normal = random.normal(stream, firstElement + i);
                    target.set(JAVA_FLOAT_UNALIGNED, i * Float.BYTES, normal * deviation);
                }
            }
        }
    }
}
