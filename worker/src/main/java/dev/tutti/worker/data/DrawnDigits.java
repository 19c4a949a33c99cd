package dev.tutti.worker.data;

import dev.tutti.proto.spec.JobSpecs;
import java.util.List;

/**
 * Digits drawn with a trembling pen, for a machine without data and without network: 28×28 pixels, ten classes, equally many of each.
 * Sample i of a seed is the same everywhere; training and test samples come from different random streams.
 *
 * @param train training samples
 * @param test test samples
 */
record DrawnDigits(long seed, int train, int test) implements SampleSource {
    static final int DEFAULT_TRAIN = JobSpecs.DEFAULT_TRAIN_DIGITS;
    static final int DEFAULT_TEST = JobSpecs.DEFAULT_TEST_DIGITS;
    static final int SIDE = 28;
    private static final int CLASSES = 10;
    private static final long TRAIN_STREAM = 1;
    private static final long TEST_STREAM = 2;

    @Override
    public DataPair open(PixelScale scale) throws InterruptedException {
        return new DataPair(draw(TRAIN_STREAM, train, scale), draw(TEST_STREAM, test, scale));
    }

    private ByteImages draw(long stream, int count, PixelScale scale) throws InterruptedException {
        PixelBlocks pixels = new PixelBlocks(count, SIDE * SIDE);
        byte[] labels = new byte[count];
        DigitPen pen = new DigitPen(new DigitRandom(seed, stream));
        int image = 0;
        for (int i = 0; i < pixels.blockCount(); i++) {
            byte[] block = pixels.nextBlock();
            for (int offset = 0; offset < block.length; offset += SIDE * SIDE) {
                if (Thread.interrupted()) {
                    throw new InterruptedException("stopped drawing digits");
                }
                labels[image] = (byte) (image % CLASSES);
                pen.draw(image % CLASSES, image, block, offset);
                image++;
            }
        }
        return new ByteImages(pixels, labels, List.of(SIDE, SIDE), CLASSES, scale);
    }
}
