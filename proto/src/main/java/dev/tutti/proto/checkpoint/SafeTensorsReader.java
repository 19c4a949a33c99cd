package dev.tutti.proto.checkpoint;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;

/**
 * A safetensors file: u64 little-endian header length, JSON header, data. Opening it checks the whole header against the file's
 * length, so reading a tensor cannot leave the file. Not thread-safe.
 */
public final class SafeTensorsReader implements Closeable {
    /** As in the reference implementation. */
    private static final long MAX_HEADER_BYTES = 100_000_000;

    private final FileChannel file;
    private final long dataBegin;
    private final SafeTensorsHeader header;

    private SafeTensorsReader(FileChannel file, long dataBegin, SafeTensorsHeader header) {
        this.file = file;
        this.dataBegin = dataBegin;
        this.header = header;
    }

    /** @throws CheckpointException if it is not a safetensors file; the message names it and the rule it breaks */
    public static SafeTensorsReader open(Path path) throws IOException {
        FileChannel file = FileChannel.open(path, StandardOpenOption.READ);
        try {
            long headerBytes = headerBytes(file);
            ByteBuffer header = ByteBuffer.allocate((int) headerBytes);
            readFully(file, header, Long.BYTES);
            long dataBegin = Long.BYTES + headerBytes;
            return new SafeTensorsReader(
                    file, dataBegin, SafeTensorsHeader.decode(header.array(), file.size() - dataBegin));
        } catch (CheckpointException e) {
            file.close();
            throw new CheckpointException(path + " is no valid safetensors file: " + e.getMessage(), e);
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** In the order of their data. */
    public List<SafeTensor> tensors() {
        return header.tensors();
    }

    public Optional<SafeTensor> tensor(String name) {
        return header.tensors().stream().filter(t -> t.name().equals(name)).findFirst();
    }

    /**
     * Fills the target's remaining bytes from byte {@code first} of the tensor on.
     *
     * @throws IllegalArgumentException if it has fewer
     */
    public void read(SafeTensor tensor, long first, ByteBuffer target) throws IOException {
        if (first < 0 || first + target.remaining() > tensor.byteSize()) {
            throw new IllegalArgumentException("Bytes [" + first + ", " + (first + target.remaining()) + ") of tensor "
                    + tensor.name() + " of " + tensor.byteSize() + " bytes");
        }
        readFully(file, target, dataBegin + tensor.begin() + first);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    private static long headerBytes(FileChannel file) throws IOException {
        if (file.size() < Long.BYTES) {
            throw new CheckpointException("it has only " + file.size() + " bytes");
        }
        ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        readFully(file, length, 0);
        long bytes = length.getLong(0);
        if (bytes < 0 || bytes > Math.min(MAX_HEADER_BYTES, file.size() - Long.BYTES)) {
            throw new CheckpointException("its header claims " + Long.toUnsignedString(bytes) + " bytes, the file has "
                    + file.size() + " (at most " + MAX_HEADER_BYTES + " are allowed)");
        }
        return bytes;
    }

    private static void readFully(FileChannel file, ByteBuffer target, long position) throws IOException {
        long at = position;
        while (target.hasRemaining()) {
            int count = file.read(target, at);
            if (count < 0) {
                throw new EOFException("The file ended at byte " + at + " while it was read");
            }
            at += count;
        }
    }
}
