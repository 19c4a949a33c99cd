package dev.tutti.proto.wire;

import io.grpc.Detachable;
import io.grpc.HasByteBuffer;
import io.grpc.KnownLength;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Bytes as a transport hands them over: in direct buffers of any sizes, released as they are passed unless marked. */
final class FragmentedStream extends InputStream implements Detachable, HasByteBuffer, KnownLength {
    private final List<ByteBuffer> buffers;
    private int index;
    private boolean marked;
    private int closed;

    private FragmentedStream(List<ByteBuffer> buffers) {
        this.buffers = buffers;
    }

    /** @param sizes of the fragments, used in turn */
    static FragmentedStream of(byte[] bytes, int... sizes) {
        List<ByteBuffer> buffers = new ArrayList<>();
        int at = 0;
        for (int i = 0; at < bytes.length; i++) {
            int size = Math.min(sizes[i % sizes.length], bytes.length - at);
            buffers.add(ByteBuffer.allocateDirect(size).put(bytes, at, size).flip());
            at += size;
        }
        return new FragmentedStream(buffers);
    }

    int timesClosed() {
        return closed;
    }

    @Override
    public InputStream detach() {
        return this;
    }

    @Override
    public boolean byteBufferSupported() {
        return true;
    }

    @Override
    public @Nullable ByteBuffer getByteBuffer() {
        return index < buffers.size() ? buffers.get(index).asReadOnlyBuffer() : null;
    }

    @Override
    public int available() {
        return buffers.stream().skip(index).mapToInt(ByteBuffer::remaining).sum();
    }

    @Override
    public boolean markSupported() {
        return true;
    }

    @Override
    public synchronized void mark(int limit) {
        marked = true;
    }

    @Override
    public long skip(long count) {
        if (!marked) {
            throw new IllegalStateException("The buffer would be released here");
        }
        if (count != buffers.get(index).remaining()) {
            throw new IllegalArgumentException("This stream skips whole buffers only");
        }
        index++;
        return count;
    }

    @Override
    public int read() {
        throw new IllegalStateException("The bytes are to be taken as buffers");
    }

    @Override
    public void close() {
        closed++;
    }
}
