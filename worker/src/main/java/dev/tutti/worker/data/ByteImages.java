package dev.tutti.worker.data;

import dev.tutti.tensor.graph.ElementType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Labelled images of one byte a pixel. They stay bytes in memory; scaling happens when a batch is filled. */
public final class ByteImages implements Dataset {
    private final PixelBlocks pixels;
    private final byte[] labels;
    private final List<Integer> shape;
    private final int classes;
    private final float[] values;

    /**
     * @param pixels one image for each label
     * @param labels unsigned, in [0, classes); not copied
     */
    ByteImages(PixelBlocks pixels, byte[] labels, List<Integer> shape, int classes, PixelScale scale) {
        this.pixels = pixels;
        this.labels = labels;
        this.shape = List.copyOf(shape);
        this.classes = classes;
        this.values = scale.table();
    }

    @Override
    public int sampleCount() {
        return labels.length;
    }

    @Override
    public ElementType featureType() {
        return ElementType.F32;
    }

    @Override
    public List<Integer> featureShape() {
        return shape;
    }

    @Override
    public int featureCount() {
        return pixels.imageByteSize();
    }

    @Override
    public int classes() {
        return classes;
    }

    @Override
    public int labelsPerSample() {
        return 1;
    }

    @Override
    public int label(int sample, int index) {
        return label(sample);
    }

    int label(int sample) {
        return Byte.toUnsignedInt(labels[sample]);
    }

    @Override
    public void readFeatures(int sample, MemorySegment target, long firstElement) {
        byte[] block = pixels.block(sample);
        int begin = pixels.offset(sample);
        for (int i = 0; i < pixels.imageByteSize(); i++) {
            target.setAtIndex(ValueLayout.JAVA_FLOAT, firstElement + i, values[Byte.toUnsignedInt(block[begin + i])]);
        }
    }
}
