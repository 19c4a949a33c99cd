package dev.tutti.worker.data;

import java.util.ArrayList;
import java.util.List;

/**
 * The pixels of many images, in blocks of at most 16 MiB (or of one image, if that is larger). A block is allocated when its
 * first image is written, so that a header that promises more than its file holds costs no memory.
 */
final class PixelBlocks {
    private static final int BLOCK_BYTE_SIZE = 16 << 20;

    private final List<byte[]> blocks = new ArrayList<>();
    private final int imageCount;
    private final int imageByteSize;
    private final int imagesPerBlock;

    PixelBlocks(int imageCount, int imageByteSize) {
        this.imageCount = imageCount;
        this.imageByteSize = imageByteSize;
        this.imagesPerBlock = Math.max(1, BLOCK_BYTE_SIZE / imageByteSize);
    }

    int imageByteSize() {
        return imageByteSize;
    }

    int blockCount() {
        return Math.ceilDiv(imageCount, imagesPerBlock);
    }

    /** Allocates the next block, to be filled by the caller with images in order. */
    byte[] nextBlock() {
        int begin = blocks.size() * imagesPerBlock;
        byte[] block = new byte[Math.min(imagesPerBlock, imageCount - begin) * imageByteSize];
        blocks.add(block);
        return block;
    }

    byte[] block(int image) {
        return blocks.get(image / imagesPerBlock);
    }

    /** Where the image begins in its block. */
    int offset(int image) {
        return image % imagesPerBlock * imageByteSize;
    }
}
