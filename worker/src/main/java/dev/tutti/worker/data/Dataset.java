package dev.tutti.worker.data;

import java.lang.foreign.MemorySegment;
import java.util.List;

/** Samples that can be read in any order: features as f32, one label each. Immutable, so any thread may read. */
public sealed interface Dataset permits ByteImages {
    int sampleCount();

    /** The shape of one sample, e.g. {@code [28, 28]}. */
    List<Integer> featureShape();

    /** f32 elements of one sample: the product of {@link #featureShape()}. */
    int featureCount();

    /** Labels are in [0, classes). */
    int classes();

    int label(int sample);

    /** Writes the {@link #featureCount()} features of a sample as f32 in native order, from {@code firstElement} of the target on. */
    void readFeatures(int sample, MemorySegment target, long firstElement);
}
