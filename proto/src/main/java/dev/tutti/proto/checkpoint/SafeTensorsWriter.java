package dev.tutti.proto.checkpoint;

import dev.tutti.proto.digest.Sha256;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Writes a new safetensors file of f32 tensors in one pass and computes its SHA-256 on the way. The data of all tensors follows in
 * the order they were declared, in pieces of any size. Not thread-safe.
 */
public final class SafeTensorsWriter implements Closeable {
    private final FileChannel file;
    private final Sha256 sha256 = new Sha256();
    private final long byteSize;
    private long written;

    /** A tensor to be written. */
    public record Declared(String name, List<Long> shape) {
        public Declared {
            shape = List.copyOf(shape);
        }
    }

    /** @param sha256 lower-case hex */
    public record Written(long bytes, String sha256) {}

    private SafeTensorsWriter(FileChannel file, long byteSize) {
        this.file = file;
        this.byteSize = byteSize;
    }

    /**
     * Creates the file and writes its header.
     *
     * @throws java.nio.file.FileAlreadyExistsException if it exists
     * @throws IllegalArgumentException if a name stands twice
     */
    public static SafeTensorsWriter create(Path path, List<Declared> tensors, Map<String, String> metadata)
            throws IOException {
        List<SafeTensor> placed = place(tensors);
        byte[] header = new SafeTensorsHeader(metadata, placed).encode();
        long dataBytes = placed.isEmpty() ? 0 : placed.getLast().end();
        FileChannel file = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        try {
            SafeTensorsWriter writer = new SafeTensorsWriter(file, Long.BYTES + header.length + dataBytes);
            writer.write(ByteBuffer.allocate(Long.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(0, header.length));
            writer.write(ByteBuffer.wrap(header));
            return writer;
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /**
     * The next bytes of the data, little-endian f32.
     *
     * @throws IllegalArgumentException if they are more than was declared
     */
    public void write(ByteBuffer data) throws IOException {
        if (data.remaining() > byteSize - written) {
            throw new IllegalArgumentException("Another " + data.remaining() + " bytes after " + written + " of "
                    + byteSize + " that were declared");
        }
        sha256.update(data.duplicate());
        while (data.hasRemaining()) {
            written += file.write(data);
        }
    }

    /**
     * Makes the file durable.
     *
     * @throws IllegalStateException if data is missing
     */
    public Written finish() throws IOException {
        if (written != byteSize) {
            throw new IllegalStateException(written + " bytes written of " + byteSize + " that were declared");
        }
        file.force(true);
        return new Written(byteSize, sha256.hex());
    }

    /** Closes the file, finished or not. */
    @Override
    public void close() throws IOException {
        file.close();
    }

    private static List<SafeTensor> place(List<Declared> tensors) {
        List<SafeTensor> placed = new ArrayList<>();
        Set<String> names = new HashSet<>();
        long begin = 0;
        for (Declared tensor : tensors) {
            if (!names.add(tensor.name())) {
                throw new IllegalArgumentException("Tensor " + tensor.name() + " stands twice");
            }
            long end = begin + Float.BYTES * tensor.shape().stream().reduce(1L, Math::multiplyExact);
            placed.add(new SafeTensor(tensor.name(), ElementKind.F32, tensor.shape(), begin, end));
            begin = end;
        }
        return placed;
    }
}
