package dev.tutti.worker.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.BitSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SampleOrderPropertyTest {
    @Test
    void everySampleOfAnEpochComesExactlyOnceWhateverTheSize() {
        int[] sizes = IntStream.concat(
                        IntStream.rangeClosed(1, 130), IntStream.of(1000, 4095, 4096, 4097, 54_000, 60_000))
                .toArray();
        for (int size : sizes) {
            SampleOrder order = new SampleOrder(7, new DataSplit(7, size, 0));
            BitSet seen = new BitSet();
            for (int i = 0; i < size; i++) {
                seen.set(order.sampleAt(3, i));
            }
            assertThat(seen.cardinality()).as("size %d", size).isEqualTo(size);
            assertThat(seen.length()).as("size %d", size).isEqualTo(size);
        }
    }

    @Test
    void ordersDifferByEpochAndSeedAndRepeatOtherwise() {
        int[] order = order(1, 0);

        assertThat(order(1, 0)).isEqualTo(order);
        assertThat(agreements(order, order(1, 1))).isLessThan(20);
        assertThat(agreements(order, order(2, 0))).isLessThan(20);
    }

    @Test
    void goingBackToAnEarlierEpochGivesItsOrderAgain() {
        SampleOrder order = new SampleOrder(5, new DataSplit(5, 100, 0));
        int first = order.sampleAt(0, 17);
        int later = order.sampleAt(9, 17);

        assertThat(order.sampleAt(0, 17)).isEqualTo(first);
        assertThat(order.sampleAt(9, 17)).isEqualTo(later);
    }

    @Test
    void everySampleIsEquallyLikelyAtEveryPlace() {
        int size = 10;
        int seeds = 20_000;
        int[][] counts = new int[size][size];
        for (int seed = 0; seed < seeds; seed++) {
            SampleOrder order = new SampleOrder(seed, new DataSplit(seed, size, 0));
            for (int i = 0; i < size; i++) {
                counts[i][order.sampleAt(0, i)]++;
            }
        }
        double expected = (double) seeds / size;
        for (int i = 0; i < size; i++) {
            double chiSquare = 0;
            for (int count : counts[i]) {
                chiSquare += (count - expected) * (count - expected) / expected;
            }
            // 9 degrees of freedom: beyond 33.7 once in ten thousand.
            assertThat(chiSquare).as("place %d", i).isLessThan(33.7);
        }
    }

    @Test
    void neighboursAreNotNeighboursAfterwards() {
        int[] order = order(42, 0);
        long close = IntStream.range(1, order.length)
                .filter(i -> Math.abs(order[i] - order[i - 1]) <= 10)
                .count();

        // 20 of 10,000 others are that close: about 20 pairs of 9,999 by chance.
        assertThat(close).isBetween(2L, 60L);
    }

    @Test
    void trainingAndValidationSamplesDivideTheSource() {
        DataSplit split = new DataSplit(11, 60_000, 0.1);
        SampleOrder order = new SampleOrder(11, split);
        BitSet seen = new BitSet();
        for (int i = 0; i < split.trainCount(); i++) {
            seen.set(order.sampleAt(2, i));
        }
        assertThat(split.trainCount()).isEqualTo(54_000);
        assertThat(split.validationCount()).isEqualTo(6_000);
        assertThat(seen.cardinality()).isEqualTo(54_000);
        for (int i = 0; i < split.validationCount(); i++) {
            int sample = split.validationSample(i);
            assertThat(seen.get(sample)).isFalse();
            seen.set(sample);
        }
        assertThat(seen.cardinality()).isEqualTo(60_000);
    }

    @Test
    void atLeastOneSampleStaysForTraining() {
        assertThat(new DataSplit(1, 1, 0.9).trainCount()).isEqualTo(1);
        assertThat(new DataSplit(1, 10, 0.99).trainCount()).isEqualTo(1);
    }

    @Test
    void anIndexBeyondTheEpochIsRefused() {
        SampleOrder order = new SampleOrder(1, new DataSplit(1, 10, 0.5));
        assertThatThrownBy(() -> order.sampleAt(0, 5)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    private static int[] order(long seed, long epoch) {
        SampleOrder order = new SampleOrder(seed, new DataSplit(3, 10_000, 0));
        return IntStream.range(0, 10_000).map(i -> order.sampleAt(epoch, i)).toArray();
    }

    private static long agreements(int[] a, int[] b) {
        return IntStream.range(0, a.length).filter(i -> a[i] == b[i]).count();
    }
}
