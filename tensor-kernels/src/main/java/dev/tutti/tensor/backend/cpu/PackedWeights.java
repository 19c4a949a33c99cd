package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.tutti.tensor.graph.BFloat16;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.lowering.MemoryPlan;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Weights [out, in, height, width] in another order, as matrices that are multiplied. */
final class PackedWeights {
    private final ElementType type;
    /** Where each weight goes. */
    private final int[] indices;

    private final int[] weights;
    /** In the packed order, zeros where no weight goes. */
    private final int[] words;

    private final MemorySegment packed;
    private final MemorySegment[] matrices;

    private PackedWeights(ElementType type, int[] indices, int count, int matrices, Arena arena) {
        this.type = type;
        this.indices = indices;
        this.weights = new int[indices.length];
        this.words = new int[count];
        this.packed = arena.allocate((long) count * type.byteSize(), MemoryPlan.ALIGNMENT);
        this.matrices = new MemorySegment[matrices];
        for (int i = 0; i < matrices; i++) {
            this.matrices[i] = packed.asSlice(packed.byteSize() / matrices * i);
        }
    }

    /** A matrix (out, blocks) for each group: the left factor of {@link UnrolledRows}, whose ones are multiplied by zeros or by {@link #addBias}. */
    static PackedWeights rows(ConvolutionSize size, ElementType type, int ones, Arena arena) {
        int blockRows = size.rowTaps() + ones;
        int count = size.groups() * size.outputs() * size.window().height() * blockRows;
        return new PackedWeights(type, rowIndices(size, blockRows), count, size.groups(), arena);
    }

    /** Where each weight goes in {@link #rows}. */
    static int[] rowIndices(ConvolutionSize size, int blockRows) {
        int height = size.window().height();
        int width = size.window().width();
        return indices(size, (o, c, i, j) -> (o * height + i) * blockRows + c * width + j);
    }

    /** For each group and each column of the window a matrix (height · in, out): what a pixel's gradient gives to the pixels of that column. */
    static PackedWeights columns(ConvolutionSize size, ElementType type, Arena arena) {
        int height = size.window().height();
        int width = size.window().width();
        int outputs = size.outputs();
        int[] indices = indices(
                size,
                (o, c, i, j) -> (((o / outputs * width + j) * height + i) * size.inputs() + c) * outputs + o % outputs);
        return new PackedWeights(type, indices, indices.length, size.groups() * width, arena);
    }

    @FunctionalInterface
    private interface Place {
        int of(int output, int input, int row, int column);
    }

    private static int[] indices(ConvolutionSize size, Place place) {
        int outputs = size.groups() * size.outputs();
        int[] indices = new int[outputs * size.taps()];
        int weight = 0;
        for (int o = 0; o < outputs; o++) {
            for (int c = 0; c < size.inputs(); c++) {
                for (int i = 0; i < size.window().height(); i++) {
                    for (int j = 0; j < size.window().width(); j++) {
                        indices[weight++] = place.of(o, c, i, j);
                    }
                }
            }
        }
        return indices;
    }

    void load(MemorySegment weight) {
        if (type == ElementType.F32) {
            MemorySegment.copy(weight, JAVA_INT_UNALIGNED, 0, weights, 0, weights.length);
        } else {
            for (int i = 0; i < weights.length; i++) {
                weights[i] = weight.get(JAVA_SHORT_UNALIGNED, (long) i * Short.BYTES);
            }
        }
        for (int i = 0; i < weights.length; i++) {
            words[indices[i]] = weights[i];
        }
        store();
    }

    /** Where a row of ones is, of {@link UnrolledRows#ones}; in bf16 what a first part leaves is for a second and a third. */
    void addBias(MemorySegment bias, int outputs, int[] ones) {
        int columns = words.length / outputs;
        for (int o = 0; o < outputs; o++) {
            float rest = bias.get(JAVA_FLOAT_UNALIGNED, (long) o * Float.BYTES);
            for (int one : ones) {
                int word = type == ElementType.F32 ? Float.floatToRawIntBits(rest) : BFloat16.fromFloat(rest);
                float part = type == ElementType.F32 ? rest : BFloat16.toFloat((short) word);
                words[o * columns + one] = word;
                rest = Float.isFinite(part) ? rest - part : 0;
            }
        }
        store();
    }

    private void store() {
        if (type == ElementType.F32) {
            MemorySegment.copy(words, 0, packed, JAVA_INT_UNALIGNED, 0, words.length);
        } else {
            for (int i = 0; i < words.length; i++) {
                packed.set(JAVA_SHORT_UNALIGNED, (long) i * Short.BYTES, (short) words[i]);
            }
        }
    }

    /** A group's, or that of a group's column. */
    MemorySegment matrix(int index) {
        return matrices[index];
    }
}
