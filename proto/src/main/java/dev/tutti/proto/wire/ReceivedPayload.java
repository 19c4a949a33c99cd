package dev.tutti.proto.wire;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The buffers the transport received, detached from it: this object owns them until it is closed. */
final class ReceivedPayload implements Payload {
    private final List<ByteBuffer> slices;
    private final long byteSize;
    private @Nullable Closeable buffers;

    /** @param buffers what keeps the slices alive */
    ReceivedPayload(List<ByteBuffer> slices, Closeable buffers) {
        this.slices = slices;
        this.byteSize = slices.stream().mapToLong(ByteBuffer::remaining).sum();
        this.buffers = buffers;
    }

    @Override
    public long byteSize() {
        return byteSize;
    }

    @Override
    public void copyTo(MemorySegment target) {
        requireOpen();
        Floats.requireSameSize(byteSize, target);
        long written = 0;
        for (ByteBuffer slice : slices) {
            MemorySegment.copy(MemorySegment.ofBuffer(slice), 0, target, written, slice.remaining());
            written += slice.remaining();
        }
    }

    @Override
    public void addTo(MemorySegment target) {
        requireOpen();
        Floats.requireSameSize(byteSize, target);
        // Bytes of a float that began in an earlier slice, lowest first.
        int carriedBits = 0;
        int carriedBytes = 0;
        long element = 0;
        for (ByteBuffer slice : slices) {
            MemorySegment bytes = MemorySegment.ofBuffer(slice);
            long at = 0;
            while (carriedBytes > 0 && at < bytes.byteSize()) {
                carriedBits |= Floats.unsignedByte(bytes, at++) << (8 * carriedBytes++);
                if (carriedBytes == Float.BYTES) {
                    Floats.addOne(carriedBits, target, element++);
                    carriedBits = 0;
                    carriedBytes = 0;
                }
            }
            long whole = (bytes.byteSize() - at) / Float.BYTES;
            Floats.add(bytes, at, target, element, whole);
            element += whole;
            at += whole * Float.BYTES;
            while (at < bytes.byteSize()) {
                carriedBits |= Floats.unsignedByte(bytes, at++) << (8 * carriedBytes++);
            }
        }
    }

    @Override
    public List<ByteBuffer> slices() {
        requireOpen();
        return slices.stream().map(ByteBuffer::asReadOnlyBuffer).toList();
    }

    @Override
    public void copyBytes(long first, byte[] target, int at, int count) {
        requireOpen();
        long sliceBegin = 0;
        int copied = 0;
        for (ByteBuffer slice : slices) {
            long from = first + copied - sliceBegin;
            if (from < slice.remaining() && copied < count) {
                int length = (int) Math.min(slice.remaining() - from, count - copied);
                slice.get(slice.position() + (int) from, target, at + copied, length);
                copied += length;
            }
            sliceBegin += slice.remaining();
        }
        if (copied < count) {
            throw new IndexOutOfBoundsException(
                    "Bytes [" + first + ", " + (first + count) + ") of a payload of " + byteSize);
        }
    }

    @Override
    public void close() {
        Closeable open = buffers;
        if (open != null) {
            buffers = null;
            try {
                open.close();
            } catch (IOException e) {
                throw new UncheckedIOException("Received buffers could not be released", e);
            }
        }
    }

    private void requireOpen() {
        if (buffers == null) {
            throw new IllegalStateException("This payload has been closed: its buffers are the transport's again");
        }
    }
}
