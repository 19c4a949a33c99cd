package dev.tutti.tensor.random;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DropoutBitsTest {
    @ParameterizedTest
    @CsvSource({
        "7, 1, 0, 1, 0",
        "7, 1, 3, 5, 2",
        "-1, -9, 1, 33, 2047",
        "123456789012345, 98765432101234, 12345678901, 7, 1"
    })
    void blocksHoldTheNumbersOfTheKey(long seed, long step, long firstRow, long rowElements, long element) {
        long layer = 0xfedcba9876543210L;
        int[] words = DropoutKey.words(seed, step, firstRow);
        DropoutKey expected = new DropoutKey(index -> words[index], layer);
        DropoutBits bits = new DropoutBits(layer, rowElements);
        bits.restart(words);
        int[] block = new int[19];
        bits.fill(element, block);
        for (int i = 0; i < block.length; i++) {
            assertThat((block[i] >>> 8) * 0x1p-24f).isEqualTo(expected.uniform(element + i, rowElements));
        }
    }

    @ParameterizedTest
    @CsvSource({"0", "0.1", "0.25", "0.5", "0.99999994"})
    void thresholdKeepsWhatTheRateKeeps(float rate) {
        int threshold = DropoutBits.threshold(rate);
        assertThat(threshold * 0x1p-24f).isGreaterThanOrEqualTo(rate);
        assertThat((threshold - 1) * 0x1p-24f).isLessThan(rate);
    }
}
