package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.ConvolutionOp;
import dev.tutti.tensor.graph.ImageLayout;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.graph.Window;
import dev.tutti.tensor.lowering.MemoryPlan;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Pooling of images [channels, height, width, samples], a row of the result at a time: each place of the window is a row of its own, (columns, samples). */
final class PoolingKernels {
    private static final ImageLayout LAYOUT = ImageLayout.SAMPLES_LAST;

    private final ProgramMemory memory;

    PoolingKernels(ProgramMemory memory) {
        this.memory = memory;
    }

    Kernel max(ConvolutionOp.MaxPool op, Tensor result) {
        ConvolutionSize size = size(op.x().shape(), op.window());
        PoolWindow window = new PoolWindow(size, Float.NEGATIVE_INFINITY);
        MemorySegment x = memory.of(op.x());
        MemorySegment y = memory.of(result);
        float[] largest = new float[size.rowElements()];
        return eachRow(size, (channel, row) -> {
            Arrays.fill(largest, Float.NEGATIVE_INFINITY);
            for (int i = 0; i < size.window().height(); i++) {
                for (int j = 0; window.contains(row, i) && j < size.window().width(); j++) {
                    max(largest, window.load(x, channel, row, i, j));
                }
            }
            window.store(largest, y, channel, row);
        });
    }

    Kernel maxGradient(ConvolutionOp.MaxPoolGradient op, Tensor result) {
        ConvolutionSize size = size(op.x().shape(), op.window());
        PoolWindow window = new PoolWindow(size, Float.NEGATIVE_INFINITY);
        MemorySegment x = memory.of(op.x());
        MemorySegment gradient = memory.of(op.gradient());
        int[] largest = new int[size.rowElements()];
        int[] places = new int[largest.length];
        int[] pixels = new int[largest.length];
        int[] gradients = new int[largest.length];
        int[] part = new int[largest.length];
        MemorySegment taps = taps(size);
        RowSums sums = new RowSums(size, memory.of(result));
        return eachRow(size, sums, (channel, row) -> {
            Arrays.fill(largest, Integer.MIN_VALUE);
            for (int i = 0; i < size.window().height(); i++) {
                for (int j = 0; window.contains(row, i) && j < size.window().width(); j++) {
                    window.loadBits(x, channel, row, i, j, pixels);
                    int place = i * size.window().width() + j;
                    int begin = size.firstColumn(j) * size.samples();
                    choose(largest, places, pixels, begin, size.endColumn(j) * size.samples(), place);
                }
            }
            window.loadResult(gradient, channel, row, gradients);
            for (int place = 0; place < size.taps(); place++) {
                keep(gradients, places, place, part);
                MemorySegment.copy(
                        part, 0, taps, JAVA_INT_UNALIGNED, (long) place * part.length * Integer.BYTES, part.length);
            }
            sums.add(row, taps);
        });
    }

    Kernel average(ConvolutionOp.AveragePool op, Tensor result) {
        ConvolutionSize size = size(op.x().shape(), op.window());
        PoolWindow window = new PoolWindow(size, 0);
        MemorySegment x = memory.of(op.x());
        MemorySegment y = memory.of(result);
        float[] sum = new float[size.rowElements()];
        float factor = 1f / op.window().area();
        return eachRow(size, (channel, row) -> {
            Arrays.fill(sum, 0);
            for (int i = 0; i < size.window().height(); i++) {
                for (int j = 0; window.contains(row, i) && j < size.window().width(); j++) {
                    VectorMath.add(sum, window.load(x, channel, row, i, j), sum.length);
                }
            }
            VectorMath.scale(sum, factor, sum.length);
            window.store(sum, y, channel, row);
        });
    }

    Kernel averageGradient(ConvolutionOp.AveragePoolGradient op, Tensor result) {
        ConvolutionSize size = size(result.shape(), op.window());
        PoolWindow window = new PoolWindow(size, 0);
        MemorySegment gradient = memory.of(op.gradient());
        float[] gradients = new float[size.rowElements()];
        float factor = 1f / op.window().area();
        MemorySegment taps = taps(size);
        RowSums sums = new RowSums(size, memory.of(result));
        return eachRow(size, sums, (channel, row) -> {
            window.loadResult(gradient, channel, row, gradients);
            VectorMath.scale(gradients, factor, gradients.length);
            for (int place = 0; place < size.taps(); place++) {
                store(gradients, taps, place);
            }
            sums.add(row, taps);
        });
    }

    /** Of relu and pooling at once. */
    Kernel scatter(ConvolutionOp.MaxPoolScatter op, Tensor result) {
        Shape y = result.shape();
        int channels = LAYOUT.channels(y);
        int pairs = op.height() / 2;
        long rowBytes = (long) op.width() * LAYOUT.samples(y) * Float.BYTES;
        MemorySegment gradient = memory.of(op.gradient());
        MemorySegment places = memory.of(op.places());
        MemorySegment to = memory.of(result);
        MemorySegment zeros = memory.arena().allocate(rowBytes);
        MaxPairs maxPairs = new MaxPairs(op.width(), LAYOUT.samples(y));
        return () -> {
            for (int channel = 0; channel < channels; channel++) {
                long first = (long) channel * op.height() * rowBytes;
                for (int pair = 0; pair < pairs; pair++) {
                    long row = (long) channel * pairs + pair;
                    maxPairs.scatter(gradient, places, row, to, first + 2L * pair * rowBytes);
                }
                if (op.height() % 2 == 1) {
                    MemorySegment.copy(zeros, 0, to, first + 2L * pairs * rowBytes, rowBytes);
                }
            }
        };
    }

    private static ConvolutionSize size(Shape x, Window window) {
        int channels = LAYOUT.channels(x);
        return ConvolutionSize.of(x, channels, window, channels);
    }

    @FunctionalInterface
    private interface Row {
        void at(int channel, int row);
    }

    private static Kernel eachRow(ConvolutionSize size, Row row) {
        return () -> {
            for (int channel = 0; channel < size.groups(); channel++) {
                for (int p = 0; p < size.outputHeight(); p++) {
                    row.at(channel, p);
                }
            }
        };
    }

    private static Kernel eachRow(ConvolutionSize size, RowSums sums, Row row) {
        return () -> {
            for (int channel = 0; channel < size.groups(); channel++) {
                sums.restart(channel);
                for (int p = 0; p < size.outputHeight(); p++) {
                    row.at(channel, p);
                }
                sums.finish();
            }
        };
    }

    /** A row for each place of the window. */
    private MemorySegment taps(ConvolutionSize size) {
        return memory.arena().allocate((long) size.taps() * size.rowElements() * Float.BYTES, MemoryPlan.ALIGNMENT);
    }

    private static void store(float[] row, MemorySegment taps, int place) {
        MemorySegment.copy(row, 0, taps, JAVA_FLOAT_UNALIGNED, (long) place * row.length * Float.BYTES, row.length);
    }

    /**
     * Keeps the first of the largest; a NaN is larger than anything. Of the bits of f32 it makes integers of their order, zeros of either sign one; a
     * difference of bits before and after is a mask, as neither branches nor comparisons vectorize.
     */
    private static void choose(int[] largest, int[] places, int[] pixels, int begin, int end, int place) {
        for (int i = begin; i < end; i++) {
            int bits = pixels[i];
            int magnitude = bits & MaxPairs.MAGNITUDE;
            int sign = bits >> 31;
            int isNaN = (MaxPairs.INFINITY - magnitude) >> 31;
            int order = (((magnitude ^ sign) - sign) & ~isNaN) | (MaxPairs.MAGNITUDE & isNaN);
            int before = largest[i];
            int after = Math.max(before, order);
            int change = before ^ after;
            int isLarger = (change | -change) >> 31;
            largest[i] = after;
            places[i] = (places[i] & ~isLarger) | (place & isLarger);
        }
    }

    private static void keep(int[] gradients, int[] places, int place, int[] part) {
        for (int i = 0; i < part.length; i++) {
            int difference = places[i] ^ place;
            part[i] = gradients[i] & ~((difference | -difference) >> 31);
        }
    }

    private static void max(float[] largest, float[] pixels) {
        for (int i = 0; i < largest.length; i++) {
            largest[i] = Math.max(largest[i], pixels[i]);
        }
    }
}
