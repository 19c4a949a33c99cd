package dev.tutti.worker.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class BatchPrefetcherTest {
    private static final int SAMPLES = 50;

    private final ByteImages images = images();
    private final SampleOrder order = new SampleOrder(9, new DataSplit(9, SAMPLES, 0));

    @Test
    void batchesComeInTheOrderRequestedAndHoldTheSamplesOfTheirRange() throws InterruptedException {
        BatchLayout layout = new BatchLayout(images, LabelEncoding.CLASS_INDEX);
        try (BatchPrefetcher prefetcher = new BatchPrefetcher(layout, order, 8, "prefetch-test")) {
            prefetcher.request(new BatchRange(0, 0, 8));
            for (int batch = 0; batch < 6; batch++) {
                Batch taken = prefetcher.take();
                prefetcher.request(new BatchRange(batch + 1, 3, 5));
                assertHolds(taken, batch == 0 ? new BatchRange(0, 0, 8) : new BatchRange(batch, 3, 5));
            }
        }
    }

    @Test
    void partsOfABatchCanBeCopied() throws InterruptedException {
        BatchLayout layout = new BatchLayout(images, LabelEncoding.ONE_HOT);
        try (BatchPrefetcher prefetcher = new BatchPrefetcher(layout, order, 8, "prefetch-test");
                Arena arena = Arena.ofConfined()) {
            prefetcher.request(new BatchRange(1, 10, 8));
            MemorySegment features = arena.allocate(ValueLayout.JAVA_FLOAT, 3 * 4);
            MemorySegment labels = arena.allocate(ValueLayout.JAVA_FLOAT, 3 * 10);

            prefetcher.take().copyRows(2, 3, features, labels);

            for (int row = 0; row < 3; row++) {
                int sample = order.sampleAt(1, 12 + row);
                assertThat(features.getAtIndex(ValueLayout.JAVA_FLOAT, row * 4L))
                        .isEqualTo(pixel(sample));
                for (int c = 0; c < 10; c++) {
                    assertThat(labels.getAtIndex(ValueLayout.JAVA_FLOAT, row * 10 + c))
                            .isEqualTo(c == images.label(sample) ? 1f : 0f);
                }
            }
        }
    }

    @Test
    void aFailureSurfacesWhereTheBatchIsTakenAndTheNextBatchStillComes() throws InterruptedException {
        BatchLayout layout = new BatchLayout(images, LabelEncoding.CLASS_INDEX);
        try (BatchPrefetcher prefetcher = new BatchPrefetcher(layout, order, 8, "prefetch-test")) {
            prefetcher.request(new BatchRange(0, SAMPLES - 2, 8));
            prefetcher.request(new BatchRange(0, 0, 4));

            assertThatThrownBy(prefetcher::take)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("firstIndex=48")
                    .hasRootCauseInstanceOf(IndexOutOfBoundsException.class);
            assertHolds(prefetcher.take(), new BatchRange(0, 0, 4));
        }
    }

    @Test
    void requestsBeyondTheMemoryAreRefused() {
        BatchLayout layout = new BatchLayout(images, LabelEncoding.CLASS_INDEX);
        try (BatchPrefetcher prefetcher = new BatchPrefetcher(layout, order, 8, "prefetch-test")) {
            assertThatThrownBy(() -> prefetcher.request(new BatchRange(0, 0, 9)))
                    .hasMessageContaining("at most 8 rows");
            prefetcher.request(new BatchRange(0, 0, 8));
            prefetcher.request(new BatchRange(0, 8, 8));
            assertThatThrownBy(() -> prefetcher.request(new BatchRange(0, 16, 8)))
                    .isInstanceOf(IllegalStateException.class);
        }
    }

    private void assertHolds(Batch batch, BatchRange range) {
        assertThat(batch.range()).isEqualTo(range);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment features = arena.allocate(ValueLayout.JAVA_FLOAT, range.rows() * 4L);
            MemorySegment labels = arena.allocate(ValueLayout.JAVA_INT, range.rows());
            batch.copyRows(0, range.rows(), features, labels);
            for (int row = 0; row < range.rows(); row++) {
                int sample = order.sampleAt(range.epoch(), range.firstIndex() + row);
                assertThat(labels.getAtIndex(ValueLayout.JAVA_INT, row)).isEqualTo(images.label(sample));
                assertThat(features.getAtIndex(ValueLayout.JAVA_FLOAT, row * 4L))
                        .isEqualTo(pixel(sample));
            }
        }
    }

    private static float pixel(int sample) {
        return (float) (sample / 255.0);
    }

    /** 2×2 pixels, all with the sample's number. */
    private static ByteImages images() {
        PixelBlocks pixels = new PixelBlocks(SAMPLES, 4);
        byte[] block = pixels.nextBlock();
        byte[] labels = new byte[SAMPLES];
        for (int i = 0; i < SAMPLES; i++) {
            java.util.Arrays.fill(block, 4 * i, 4 * i + 4, (byte) i);
            labels[i] = (byte) (i % 10);
        }
        return new ByteImages(pixels, labels, List.of(2, 2), 10, PixelScale.UNIT);
    }
}
