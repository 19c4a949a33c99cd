package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

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

    /** @param states [samples, time, hidden] */
    static SampleBlocks of(Shape states) {
        int samples = states.size(0);
        int hidden = states.size(2);
        return new SampleBlocks(samples, states.size(1), hidden, Math.min(samples, (UNITS + hidden - 1) / hidden));
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

    int units(Range range) {
        return (range.last - range.first) * hidden;
    }

    /** Rows [samples, time, columns]. */
    Rows sequence(MemorySegment memory, int columns) {
        return new Rows(memory, time, columns, hidden);
    }

    /** Rows [samples, columns], the same at all times. */
    Rows moment(MemorySegment memory, int columns) {
        return new Rows(memory, 0, columns, hidden);
    }

    /** f32 in memory, of which {@code hidden} columns at one time are read to arrays, and written from there. */
    record Rows(MemorySegment memory, int time, int columns, int hidden) {
        void load(float[] units, Range range, int t, int part) {
            for (int s = range.first; s < range.last; s++) {
                MemorySegment.copy(
                        memory, JAVA_FLOAT_UNALIGNED, offset(s, t, part), units, (s - range.first) * hidden, hidden);
            }
        }

        /** @param part which {@code hidden} of the columns */
        void store(float[] units, Range range, int t, int part) {
            for (int s = range.first; s < range.last; s++) {
                MemorySegment.copy(
                        units, (s - range.first) * hidden, memory, JAVA_FLOAT_UNALIGNED, offset(s, t, part), hidden);
            }
        }

        private long offset(int sample, int t, int part) {
            long row = time == 0 ? sample : (long) sample * time + t;
            return (row * columns + (long) part * hidden) * Float.BYTES;
        }
    }
}
