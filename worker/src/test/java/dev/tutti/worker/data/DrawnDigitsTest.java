package dev.tutti.worker.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DrawnDigitsTest {
    @Test
    void theSameSeedDrawsTheSameDigits() throws Exception {
        DataPair first = new DrawnDigits(42, 200, 50).open(PixelScale.UNIT);
        DataPair second = new DrawnDigits(42, 300, 50).open(PixelScale.UNIT);

        for (int i = 0; i < 200; i++) {
            assertThat(pixels(first.train(), i)).as("image %d", i).isEqualTo(pixels(second.train(), i));
        }
        assertThat(pixels(first.test(), 7)).isEqualTo(pixels(second.test(), 7));
    }

    @Test
    void otherSeedsAndTheTestSetAreOtherDigits() throws Exception {
        DataPair digits = new DrawnDigits(42, 20, 20).open(PixelScale.UNIT);
        DataPair others = new DrawnDigits(43, 20, 20).open(PixelScale.UNIT);

        for (int i = 0; i < 20; i++) {
            assertThat(pixels(digits.train(), i)).isNotEqualTo(pixels(others.train(), i));
            assertThat(pixels(digits.train(), i)).isNotEqualTo(pixels(digits.test(), i));
        }
    }

    @Test
    void theDefaultHasTwelveThousandToTrainAndTwoThousandToTestWithAllClassesAlike() throws Exception {
        DataPair digits = new DrawnDigits(1, DrawnDigits.DEFAULT_TRAIN, DrawnDigits.DEFAULT_TEST).open(PixelScale.UNIT);

        assertThat(countsByLabel(digits.train())).hasSize(10).containsOnly(1200);
        assertThat(countsByLabel(digits.test())).hasSize(10).containsOnly(200);
        assertThat(digits.train().featureShape()).containsExactly(28, 28);
        assertThat(digits.train().classes()).isEqualTo(10);
    }

    @Test
    void everyDigitHasInkAndGround() throws Exception {
        Dataset digits = new DrawnDigits(3, 1000, 10).open(PixelScale.UNIT).train();

        for (int i = 0; i < digits.sampleCount(); i++) {
            float[] pixels = pixels(digits, i);
            long bright = IntStream.range(0, pixels.length)
                    .filter(p -> pixels[p] > 0.5f)
                    .count();
            assertThat(bright).as("bright pixels of image %d", i).isBetween(12L, 300L);
        }
    }

    private static int[] countsByLabel(Dataset dataset) {
        int[] counts = new int[dataset.classes()];
        for (int i = 0; i < dataset.sampleCount(); i++) {
            counts[dataset.label(i, 0)]++;
        }
        return counts;
    }

    private static float[] pixels(Dataset dataset, int sample) {
        return IdxDefectsTest.features(dataset, sample);
    }
}
