package dev.tutti.proto.wire;

import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.List;

/** Reads a payload's bytes in order, whatever pieces they came in. Valid as long as the payload is open. */
public final class PayloadReader {
    private static final ByteBuffer EMPTY = ByteBuffer.allocate(0);

    private final Iterator<ByteBuffer> rest;
    private ByteBuffer current = EMPTY;

    PayloadReader(List<ByteBuffer> slices) {
        this.rest = slices.iterator();
    }

    /**
     * The next bytes.
     *
     * @throws java.util.NoSuchElementException if there are fewer
     */
    public void read(byte[] target, int count) {
        int done = 0;
        while (done < count) {
            if (!current.hasRemaining()) {
                current = rest.next();
            }
            int length = Math.min(count - done, current.remaining());
            current.get(target, done, length);
            done += length;
        }
    }
}
