package dev.tutti.tensor.random;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CounterRandomTest {
    /** The vectors Random123 publishes for philox4x32-10: counter and key words, lowest first, and the block. */
    @ParameterizedTest
    @CsvSource({
        "00000000 00000000 00000000 00000000, 00000000 00000000, 6627e8d5 e169c58d bc57ac4c 9b00dbd8",
        "ffffffff ffffffff ffffffff ffffffff, ffffffff ffffffff, 408f276d 41c83b0e a20bc7c6 6d5451fd",
        "243f6a88 85a308d3 13198a2e 03707344, a4093822 299f31d0, d16cfe09 94fdcceb 5001e420 24126ea1"
    })
    void blockIsThePublishedOne(String counter, String key, String expected) {
        CounterRandom random = new CounterRandom(word(key, 0));
        assertThat(random.block(word(counter, 0), word(counter, 1), 0)).isEqualTo(word(expected, 0));
        assertThat(random.block(word(counter, 0), word(counter, 1), 1)).isEqualTo(word(expected, 1));
    }

    @Test
    void numbersOfAStreamAreTheWordsOfItsBlocksInOrder() {
        CounterRandom random = new CounterRandom(0);
        assertThat(LongStream.range(0, 4).mapToObj(i -> Integer.toHexString(random.bits(0, i))))
                .containsExactly("6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8");
        assertThat(random.longBits(0, 0)).isEqualTo(0xe169c58d6627e8d5L);
        assertThat(random.longBits(0, 1)).isEqualTo(0x9b00dbd8bc57ac4cL);
        assertThat(random.bits(0, 4)).isEqualTo((int) random.block(1, 0, 0));
    }

    @Test
    void uniformNumbersFillTheUnitInterval() {
        CounterRandom random = new CounterRandom(9);
        double[] draws = LongStream.range(0, 100_000)
                .mapToDouble(i -> random.uniform(CounterRandom.stream("x"), i))
                .toArray();
        assertThat(Arrays.stream(draws).allMatch(draw -> draw >= 0 && draw < 1)).isTrue();
        assertThat(Arrays.stream(draws).average().orElseThrow()).isBetween(0.495, 0.505);
    }

    @Test
    void seedsAndStreamsDiffer() {
        assertThat(new CounterRandom(1).bits(0, 0)).isNotEqualTo(new CounterRandom(2).bits(0, 0));
        assertThat(new CounterRandom(1).bits(1, 0)).isNotEqualTo(new CounterRandom(1).bits(2, 0));
        assertThat(CounterRandom.stream("dense-1.weight")).isNotEqualTo(CounterRandom.stream("dense-2.weight"));
    }

    private static long word(String words, int index) {
        String[] all = words.split(" ", -1);
        return Integer.toUnsignedLong(Integer.parseUnsignedInt(all[2 * index], 16))
                | Long.parseLong(all[2 * index + 1], 16) << 32;
    }
}
