package dev.tutti.worker.data;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * One open IDX file of bytes, gzipped or not (its content tells), read front to back: magic number, dimensions, data, end.
 *
 * <p>The format: {@code 0, 0, 8 (unsigned bytes), number of dimensions}, then each dimension as a big-endian u32, then the bytes.
 * Positions in messages count unpacked bytes. One thread reads; {@link #close} closes the file.
 */
final class IdxFile implements AutoCloseable {
    /** Deflate cannot pack tighter than this, whatever the data. */
    private static final long MAX_DEFLATE_RATIO = 1032;

    private final Path path;
    private final InputStream in;
    private final boolean gzipped;
    private final long fileByteSize;
    private long position;

    private IdxFile(Path path, InputStream in, boolean gzipped, long fileByteSize) {
        this.path = path;
        this.in = in;
        this.gzipped = gzipped;
        this.fileByteSize = fileByteSize;
    }

    static IdxFile open(Path path) throws DataException {
        InputStream file = null;
        try {
            long byteSize = Files.size(path);
            if (byteSize == 0) {
                throw new DataException(path + " is empty: expected an IDX file");
            }
            file = new BufferedInputStream(Files.newInputStream(path), 1 << 16);
            boolean gzipped = startsWithGzipMagic(file);
            InputStream unpacked = gzipped ? new GZIPInputStream(file, 1 << 16) : file;
            return new IdxFile(path, unpacked, gzipped, byteSize);
        } catch (EOFException e) {
            closeQuietly(file, e);
            throw new DataException(path + " ends inside its gzip header: it was not copied whole", e);
        } catch (ZipException e) {
            closeQuietly(file, e);
            throw new DataException(path + " is a damaged gzip file: " + e.getMessage() + " at its beginning", e);
        } catch (IOException e) {
            closeQuietly(file, e);
            throw unreadable(path, e);
        }
    }

    /**
     * Reads magic number and dimensions, and checks that the file can hold what they announce.
     *
     * @return the dimensions, each at least 1
     */
    int[] readHeader(IdxKind kind) throws DataException {
        long headerByteSize = Integer.BYTES * (1L + kind.dimensions());
        int magic = readInt(headerByteSize);
        if (magic != kind.magic()
                && !gzipped
                && String.valueOf(path.getFileName()).endsWith(".gz")) {
            throw new DataException(
                    "%s is not a gzip file, whatever its name says: expected it to begin with 0x1f8b, got 0x%04x"
                            .formatted(path, magic >>> 16));
        }
        if (magic != kind.magic()) {
            throw new DataException("%s: expected magic number 0x%08x (%s) at byte 0, got 0x%08x%s"
                    .formatted(path, kind.magic(), kind.content(), magic, IdxKind.hint(magic)));
        }
        int[] dimensions = new int[kind.dimensions()];
        long dataByteSize = 1;
        for (int i = 0; i < dimensions.length; i++) {
            long at = position;
            dimensions[i] = readInt(headerByteSize);
            if (dimensions[i] <= 0) {
                throw new DataException("%s: expected dimension %d at byte %d to be from 1 to %d, got %d"
                        .formatted(path, i + 1, at, Integer.MAX_VALUE, Integer.toUnsignedLong(dimensions[i])));
            }
            dataByteSize = saturatedProduct(dataByteSize, dimensions[i]);
        }
        checkPossible(dataByteSize);
        return dimensions;
    }

    private void checkPossible(long dataByteSize) throws DataException {
        long expected = dataByteSize > Long.MAX_VALUE - position ? Long.MAX_VALUE : position + dataByteSize;
        if (!gzipped && expected != fileByteSize) {
            throw expected > fileByteSize
                    ? truncated(expected, fileByteSize)
                    : trailing(expected, fileByteSize - expected + "");
        }
        if (gzipped && expected / MAX_DEFLATE_RATIO > fileByteSize) {
            throw new DataException("%s: its header announces %d bytes, more than its %d gzipped bytes can hold"
                    .formatted(path, expected, fileByteSize));
        }
        long limit = Runtime.getRuntime().maxMemory() / 4 * 3;
        if (dataByteSize > limit) {
            throw new DataException(
                    "%s holds %d bytes, more than three quarters of the memory this process may use (%d bytes): raise -Xmx"
                            .formatted(path, dataByteSize, Runtime.getRuntime().maxMemory()));
        }
    }

    /**
     * Fills the array from the file.
     *
     * @param expectedEnd where the file should end, for the message if it ends before
     */
    void readFully(byte[] target, long expectedEnd) throws DataException {
        try {
            int read = in.readNBytes(target, 0, target.length);
            position += read;
            if (read < target.length) {
                throw truncated(expectedEnd, position);
            }
        } catch (EOFException e) {
            throw packedDataEnds(expectedEnd, e);
        } catch (ZipException e) {
            throw damaged(e);
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    /**
     * Reads bytes into an array that grows as they arrive.
     *
     * @param expectedEnd as for {@link #readFully}
     */
    byte[] readBytes(int count, long expectedEnd) throws DataException {
        try {
            byte[] bytes = in.readNBytes(count);
            position += bytes.length;
            if (bytes.length < count) {
                throw truncated(expectedEnd, position);
            }
            return bytes;
        } catch (EOFException e) {
            throw packedDataEnds(expectedEnd, e);
        } catch (ZipException e) {
            throw damaged(e);
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    /** Checks that nothing follows; of a gzipped file this also checks the checksum. */
    void expectEnd() throws DataException {
        try {
            if (in.read() != -1) {
                throw trailing(position, "more");
            }
        } catch (EOFException e) {
            throw packedDataEnds(position, e);
        } catch (ZipException e) {
            throw damaged(e);
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    long position() {
        return position;
    }

    @Override
    public void close() throws DataException {
        try {
            in.close();
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    private int readInt(long expectedEnd) throws DataException {
        return ByteBuffer.wrap(readBytes(Integer.BYTES, expectedEnd)).getInt();
    }

    private DataException truncated(long expected, long got) {
        return new DataException("%s is truncated: expected %d bytes%s, got %d"
                .formatted(path, expected, gzipped ? " once unpacked" : "", got));
    }

    private DataException trailing(long expectedEnd, String got) {
        return new DataException("%s has trailing bytes: expected it to end at byte %d, as its header says, got %s"
                .formatted(path, expectedEnd, got.equals("more") ? "more data" : got + " bytes more"));
    }

    private DataException packedDataEnds(long expected, EOFException cause) {
        return new DataException(
                "%s is truncated: its gzip data ends before the %d bytes expected once unpacked (got at least %d)"
                        .formatted(path, expected, position),
                cause);
    }

    private DataException damaged(ZipException cause) {
        return new DataException(
                "%s is a damaged gzip file: %s (after at least %d unpacked bytes)"
                        .formatted(path, cause.getMessage(), position),
                cause);
    }

    private static DataException unreadable(Path path, IOException cause) {
        return new DataException(
                path + " cannot be read: " + (Files.isDirectory(path) ? "it is a folder" : cause.toString()), cause);
    }

    private static boolean startsWithGzipMagic(InputStream file) throws IOException {
        file.mark(2);
        boolean gzipped = file.read() == 0x1f && file.read() == 0x8b;
        file.reset();
        return gzipped;
    }

    private static long saturatedProduct(long a, int b) {
        return a > Long.MAX_VALUE / b ? Long.MAX_VALUE : a * b;
    }

    private static void closeQuietly(@Nullable InputStream file, IOException cause) {
        try {
            if (file != null) {
                file.close();
            }
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }
}
