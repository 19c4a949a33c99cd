package dev.tutti.worker.data;

import dev.tutti.tensor.graph.ElementType;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Samples that can be read in any order: features of 4 bytes each, and as many labels for every sample. Immutable, so any thread may read. */
public sealed interface Dataset permits ByteImages, TokenWindows {
    int sampleCount();

    /** F32 or I32. */
    ElementType featureType();

    /** The shape of one sample, e.g. {@code [28, 28]}. */
    List<Integer> featureShape();

    /** Elements of one sample: the product of {@link #featureShape()}. */
    int featureCount();

    /** Labels are in [0, classes). */
    int classes();

    int labelsPerSample();

    /** @param index in [0, {@link #labelsPerSample()}) */
    int label(int sample, int index);

    /** Writes the {@link #featureCount()} features of a sample in native order, from {@code firstElement} of the target on. */
    void readFeatures(int sample, MemorySegment target, long firstElement);
}
