package dev.tutti.worker.data;

import java.nio.file.Path;
import java.util.List;

/** Images and their labels, each in an IDX file. */
record IdxPair(Path images, Path labels) {

    /** @param classes what labels must be below; 0: one more than the largest label */
    ByteImages read(int classes, PixelScale scale) throws DataException {
        byte[] labelBytes = readLabels();
        int labelClasses = classes == 0 ? checkedClasses(labelBytes) : classes;
        checkRange(labelBytes, labelClasses);
        try (IdxFile file = IdxFile.open(images)) {
            int[] dimensions = file.readHeader(IdxKind.IMAGES);
            if (dimensions[0] != labelBytes.length) {
                throw new DataException("%s has %d images, but %s has %d labels: expected as many labels as images"
                        .formatted(images, dimensions[0], labels, labelBytes.length));
            }
            long imageByteSize = (long) dimensions[1] * dimensions[2];
            if (imageByteSize > Integer.MAX_VALUE - 8) {
                throw new DataException("%s: expected images of less than 2 GiB, got %d × %d pixels"
                        .formatted(images, dimensions[1], dimensions[2]));
            }
            PixelBlocks pixels = readPixels(file, dimensions[0], (int) imageByteSize);
            return new ByteImages(pixels, labelBytes, List.of(dimensions[1], dimensions[2]), labelClasses, scale);
        }
    }

    private static PixelBlocks readPixels(IdxFile file, int count, int imageByteSize) throws DataException {
        PixelBlocks pixels = new PixelBlocks(count, imageByteSize);
        long end = file.position() + (long) count * imageByteSize;
        for (int i = 0; i < pixels.blockCount(); i++) {
            file.readFully(pixels.nextBlock(), end);
        }
        file.expectEnd();
        return pixels;
    }

    private byte[] readLabels() throws DataException {
        try (IdxFile file = IdxFile.open(labels)) {
            int count = file.readHeader(IdxKind.LABELS)[0];
            byte[] bytes = file.readBytes(count, file.position() + count);
            file.expectEnd();
            return bytes;
        }
    }

    private int checkedClasses(byte[] labelBytes) throws DataException {
        int largest = 0;
        for (byte label : labelBytes) {
            largest = Math.max(largest, Byte.toUnsignedInt(label));
        }
        if (largest == 0) {
            throw new DataException(labels + ": expected at least two classes, got only label 0");
        }
        return largest + 1;
    }

    private void checkRange(byte[] labelBytes, int classes) throws DataException {
        for (int i = 0; i < labelBytes.length; i++) {
            int label = Byte.toUnsignedInt(labelBytes[i]);
            if (label >= classes) {
                throw new DataException("%s: expected labels from 0 to %d, got %d for sample %d (byte %d)"
                        .formatted(labels, classes - 1, label, i, i + 8));
            }
        }
    }
}
