package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The units of one time of a recurrent layer, in blocks of samples that are long enough for vector loops.
 *
 * @param samples in all
 * @param hidden units of a sample
 * @param block samples in a block; fewer in the last
 */
record SampleBlocks(int samples, int time, int hidden, int block) {
    private static final int UNITS = 2048;

    /** @param states [time, samples, hidden] */
    static SampleBlocks of(Shape states) {
        int samples = states.size(1);
        int hidden = states.size(2);
        return new SampleBlocks(samples, states.size(0), hidden, Math.min(samples, (UNITS + hidden - 1) / hidden));
    }

    /** Samples from {@code first} on, before {@code last}. */
    record Range(int first, int last) {}

    List<Range> ranges() {
        List<Range> ranges = new ArrayList<>();
        for (int first = 0; first < samples; first += block) {
            ranges.add(new Range(first, Math.min(samples, first + block)));
        }
        return ranges;
    }

    /** An array for one unit of each of a block's. */
    float[] newUnits() {
        return new float[block * hidden];
    }

    /** For all samples, an array for each block. */
    float[][] newUnitsOfAll() {
        return new float[(samples + block - 1) / block][block * hidden];
    }

    int units(Range range) {
        return (range.last - range.first) * hidden;
    }

    /** Rows [time, samples, columns]. */
    Rows sequence(MemorySegment memory, int columns) {
        return new Rows(memory, samples, columns, hidden);
    }

    /** Of [samples, hidden], which are the same at all times. */
    void load(MemorySegment memory, float[] units, Range range) {
        MemorySegment.copy(
                memory, JAVA_FLOAT_UNALIGNED, (long) range.first * hidden * Float.BYTES, units, 0, units(range));
    }

    /** f32 in memory, of which {@code hidden} columns at one time are read to arrays, and written from there. */
    record Rows(MemorySegment memory, int samples, int columns, int hidden) {
        void load(float[] units, Range range, int t, int part) {
            int run = run(range);
            for (int s = range.first; s < range.last; s += run) {
                MemorySegment.copy(
                        memory,
                        JAVA_FLOAT_UNALIGNED,
                        offset(s, t, part),
                        units,
                        (s - range.first) * hidden,
                        run * hidden);
            }
        }

        /** @param part which {@code hidden} of the columns */
        void store(float[] units, Range range, int t, int part) {
            int run = run(range);
            for (int s = range.first; s < range.last; s += run) {
                MemorySegment.copy(
                        units,
                        (s - range.first) * hidden,
                        memory,
                        JAVA_FLOAT_UNALIGNED,
                        offset(s, t, part),
                        run * hidden);
            }
        }

        /** Samples whose units lie one after the other. */
        private int run(Range range) {
            return columns == hidden ? range.last - range.first : 1;
        }

        private long offset(int sample, int t, int part) {
            return (((long) t * samples + sample) * columns + (long) part * hidden) * Float.BYTES;
        }

        /** The rows of all samples at the first time. */
        Strided matrix() {
            return Strided.matrix(memory, ElementType.F32, samples, columns);
        }

        /** Bytes from the {@link #matrix} of the first time to that of another. */
        long matrixOffset(int t) {
            return (long) t * samples * columns * Float.BYTES;
        }
    }
}
