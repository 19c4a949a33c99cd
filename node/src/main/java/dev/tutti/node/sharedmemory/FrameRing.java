package dev.tutti.node.sharedmemory;

import dev.tutti.proto.wire.MalformedFrameException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Optional;

/** Records of bytes from one sender to one receiver, in order, through memory that they share. See {@code SharedMemory} in parameters.proto. */
final class FrameRing {
    /** A power of two. */
    static final int CAPACITY = 256 << 10;
    /** Of one record. */
    static final int MOST_BYTES = 64 << 10;

    private static final long SENT = 0;
    private static final long RECEIVED = 64;
    private static final long RECORDS = 128;
    static final long BYTES = RECORDS + CAPACITY;

    private static final VarHandle POSITION =
            ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();
    private static final ValueLayout.OfInt LENGTH = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int ALIGNMENT = 8;

    private final MemorySegment memory;
    /** What this end has sent, or received. The other end sees it in the memory, where it is never read back: that end might have written there. */
    private volatile long position;

    /** @param memory of {@link #BYTES}, zeros at first */
    FrameRing(MemorySegment memory) {
        this.memory = memory;
    }

    /** Whether a record of any allowed length can be sent. Any thread may ask. */
    boolean hasRoom() {
        long used = position - (long) POSITION.getVolatile(memory, RECEIVED);
        return used + size(MOST_BYTES) <= CAPACITY;
    }

    /**
     * Sends a record; only if {@link #hasRoom}.
     *
     * @throws IllegalArgumentException if it is longer than {@link #MOST_BYTES}
     */
    void send(byte[] record) {
        if (record.length > MOST_BYTES) {
            throw new IllegalArgumentException(
                    "A header of " + record.length + " bytes, at most " + MOST_BYTES + " are sent");
        }
        long at = position;
        memory.set(LENGTH, offset(at), record.length);
        copy(record, at + Integer.BYTES);
        position = at + size(record.length);
        POSITION.setVolatile(memory, SENT, position);
    }

    private void copy(byte[] record, long at) {
        int first = (int) Math.min(record.length, RECORDS + CAPACITY - offset(at));
        MemorySegment.copy(record, 0, memory, ValueLayout.JAVA_BYTE, offset(at), first);
        MemorySegment.copy(record, first, memory, ValueLayout.JAVA_BYTE, RECORDS, record.length - first);
    }

    /**
     * The next record, if there is one.
     *
     * @throws MalformedFrameException if what the sender has written is none
     */
    Optional<byte[]> receive() throws MalformedFrameException {
        long at = position;
        long sent = (long) POSITION.getVolatile(memory, SENT);
        if (sent == at) {
            return Optional.empty();
        }
        int length = memory.get(LENGTH, offset(at));
        if (length < 0 || length > MOST_BYTES || sent - at < size(length) || sent - at > CAPACITY) {
            throw new MalformedFrameException("a header of " + Integer.toUnsignedString(length) + " bytes where "
                    + (sent - at) + " of a ring of " + CAPACITY + " are filled");
        }
        byte[] record = new byte[length];
        long from = at + Integer.BYTES;
        int first = (int) Math.min(length, RECORDS + CAPACITY - offset(from));
        MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, offset(from), record, 0, first);
        MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, RECORDS, record, first, length - first);
        position = at + size(length);
        POSITION.setVolatile(memory, RECEIVED, position);
        return Optional.of(record);
    }

    private static long offset(long position) {
        return RECORDS + (position & (CAPACITY - 1));
    }

    private static long size(int length) {
        return (Integer.BYTES + (long) length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
}
