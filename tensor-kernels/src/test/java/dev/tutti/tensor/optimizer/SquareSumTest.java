package dev.tutti.tensor.optimizer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SquareSumTest {
    private static final BigDecimal UNIT = BigDecimal.ONE.divide(BigDecimal.TWO.pow(298));

    @Test
    void itIsWhatExactArithmeticGives() {
        float[] values = {
            1, -3, Float.MIN_VALUE, -0x1.8p-130f, Float.MAX_VALUE, Float.MIN_NORMAL, 0, -0f, 0x1.000002p0f, 0x1.4p-64f
        };
        BigDecimal expected = BigDecimal.ZERO;
        for (float value : values) {
            expected = expected.add(new BigDecimal(value).pow(2));
        }
        assertThat(new BigDecimal(sum(values)).multiply(UNIT)).isEqualByComparingTo(expected);
    }

    @Test
    void noCutAndNoOrderChangesIt() {
        SplittableRandom random = new SplittableRandom(5);
        float[] values = new float[50_000];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextDouble(-1, 1) * Math.pow(10, random.nextInt(-20, 20)));
        }
        BigInteger whole = sum(values);
        for (int cut : new int[] {1, 16, 1000, 1024, 33_333}) {
            assertThat(sum(Arrays.copyOf(values, cut)).add(sum(Arrays.copyOfRange(values, cut, values.length))))
                    .isEqualTo(whole);
        }
        Arrays.sort(values);
        assertThat(sum(values)).isEqualTo(whole);
    }

    @Test
    void manyOfTheLargestDoNotOverflow() {
        float[] values = new float[1 << 18];
        Arrays.fill(values, 0x1.fffffep127f);
        assertThat(new BigDecimal(sum(values)).multiply(UNIT))
                .isEqualByComparingTo(new BigDecimal(Float.MAX_VALUE).pow(2).multiply(BigDecimal.valueOf(1 << 18)));
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void oneNumberThatIsNotFiniteIsFound(float defect) {
        for (int at : new int[] {0, 1023, 1024, 2999}) {
            float[] values = new float[3000];
            Arrays.fill(values, -Float.MAX_VALUE);
            assertThat(new Finiteness().isFinite(MemorySegment.ofArray(values), values.length))
                    .isTrue();
            values[at] = defect;
            assertThat(new Finiteness().isFinite(MemorySegment.ofArray(values), values.length))
                    .isFalse();
            SquareSum squares = new SquareSum();
            squares.add(MemorySegment.ofArray(values), values.length);
            assertThat(squares.isFinite()).isFalse();
            assertThat(squares.value()).isEqualTo(BigInteger.ZERO);
        }
    }

    @Test
    void averagesMoveATenthOfTheWay() {
        float[] w = {1, -2, 0};
        new Averaging()
                .apply(
                        MemorySegment.ofArray(w),
                        MemorySegment.ofArray(w),
                        MemorySegment.ofArray(new float[] {44, -8, 4}),
                        0.25f,
                        3);
        assertThat(MemorySegment.ofArray(w).toArray(JAVA_FLOAT)).containsExactly(1 + 0.1f * 10, -2, 0.1f);
    }

    @Test
    void averagesMoveAnyPartOfTheWayAndMayLieWhereTheyMoveTo() {
        MemorySegment before = MemorySegment.ofArray(new float[] {1, -2, 0});
        MemorySegment after = MemorySegment.ofArray(new float[] {3, -3, 8});
        new Averaging().apply(before, after, after, 1, 0.25f, 3);
        assertThat(after.toArray(JAVA_FLOAT)).containsExactly(1.5f, -2.25f, 2);
    }

    private static BigInteger sum(float[] values) {
        SquareSum sum = new SquareSum();
        sum.add(MemorySegment.ofArray(values), values.length);
        return sum.value();
    }
}
