package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Weights [out, in, height, width] as matrices (out, height · in · width), a group each: in the order of {@link UnrolledRows}. */
final class PackedWeights {
    private final int elementBytes;
    /** The packed index of each weight, for blocks without a row of ones. */
    private final int[] packedIndices;

    private final MemorySegment packed;
    private final MemorySegment[] groups;
    private final int[] words;
    private final int[] packedWords;

    PackedWeights(ConvolutionSize size, int elementBytes, Arena arena) {
        this.elementBytes = elementBytes;
        this.packedIndices = packedIndices(size, size.rowTaps());
        this.packed = arena.allocate((long) packedIndices.length * elementBytes, Long.BYTES * 8);
        this.words = new int[packedIndices.length];
        this.packedWords = new int[packedIndices.length];
        this.groups = new MemorySegment[size.groups()];
        long groupBytes = packed.byteSize() / size.groups();
        for (int group = 0; group < groups.length; group++) {
            groups[group] = packed.asSlice(group * groupBytes, groupBytes);
        }
    }

    /**
     * Where each weight lies, in the order of the weights.
     *
     * @param blockRows rows of a block, {@link ConvolutionSize#rowTaps} or one more
     */
    static int[] packedIndices(ConvolutionSize size, int blockRows) {
        int height = size.window().height();
        int width = size.window().width();
        int outputs = size.groups() * size.outputs();
        int[] indices = new int[outputs * size.taps()];
        int weight = 0;
        for (int o = 0; o < outputs; o++) {
            for (int c = 0; c < size.inputs(); c++) {
                for (int i = 0; i < height; i++) {
                    for (int j = 0; j < width; j++) {
                        indices[weight++] = (o * height + i) * blockRows + c * width + j;
                    }
                }
            }
        }
        return indices;
    }

    void load(MemorySegment weight) {
        if (elementBytes == Float.BYTES) {
            MemorySegment.copy(weight, JAVA_INT_UNALIGNED, 0, words, 0, words.length);
        } else {
            for (int i = 0; i < words.length; i++) {
                words[i] = weight.get(JAVA_SHORT_UNALIGNED, (long) i * Short.BYTES);
            }
        }
        for (int i = 0; i < words.length; i++) {
            packedWords[packedIndices[i]] = words[i];
        }
        if (elementBytes == Float.BYTES) {
            MemorySegment.copy(packedWords, 0, packed, JAVA_INT_UNALIGNED, 0, words.length);
        } else {
            for (int i = 0; i < words.length; i++) {
                packed.set(JAVA_SHORT_UNALIGNED, (long) i * Short.BYTES, (short) packedWords[i]);
            }
        }
    }

    /** (out, height · in · width) of a group. */
    MemorySegment of(int group) {
        return groups[group];
    }
}
