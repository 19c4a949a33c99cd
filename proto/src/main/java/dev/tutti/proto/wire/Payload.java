package dev.tutti.proto.wire;

import java.io.Closeable;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * The elements of a frame, in the encoding its header names. Either a view of memory that someone else owns (what is sent), or the
 * very buffers the transport received, which {@link #close} gives back.
 *
 * <p>Not thread-safe; it may be handed from one thread to another.
 */
public sealed interface Payload extends AutoCloseable permits NativePayload, ReceivedPayload {
    /** No elements. */
    static Payload none() {
        return NativePayload.EMPTY;
    }

    /**
     * A view to be sent. The memory stays the caller's and must not change until gRPC has copied it. It does that within
     * {@code sendMessage}, on the calling thread, if the call is ready ({@code isReady()}) and, on a client, the channel was built
     * with {@code disableRetry()}; a call that is not ready yet keeps the view and copies later.
     *
     * @param elements in their encoding; f32 in native order, which is little-endian on every platform Tutti runs on
     */
    static Payload view(MemorySegment elements) {
        return new NativePayload(elements);
    }

    /**
     * Bytes that lie somewhere until they have been read.
     *
     * @param release called once, when the payload is closed
     */
    static Payload received(ByteBuffer bytes, Closeable release) {
        return new ReceivedPayload(List.of(bytes), release);
    }

    long byteSize();

    /**
     * Copies all elements to the start of the target.
     *
     * @throws IllegalArgumentException if the target is not exactly as large
     */
    void copyTo(MemorySegment target);

    /**
     * {@code target[i] += this[i]}, both f32.
     *
     * @throws IllegalArgumentException if the target is not exactly as large
     */
    void addTo(MemorySegment target);

    /** The bytes in order, as read-only views; an element may lie across two of them. Valid until {@link #close}. */
    List<ByteBuffer> slices();

    /** Of the bytes in order. */
    default PayloadReader reader() {
        return new PayloadReader(slices());
    }

    /** Copies bytes [first, first + count) of the payload to {@code target[at…]}. */
    void copyBytes(long first, byte[] target, int at, int count);

    /** Gives received buffers back to the transport; later calls do nothing. Nothing happens for a view. */
    @Override
    void close();
}
