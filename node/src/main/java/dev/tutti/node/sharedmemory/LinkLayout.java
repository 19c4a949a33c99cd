package dev.tutti.node.sharedmemory;

import dev.tutti.proto.v1.SharedMemory;
import java.lang.foreign.MemorySegment;

/**
 * Where things lie in a shared file; see {@code SharedMemory} in parameters.proto.
 *
 * @param offset of one shard's part
 * @param slots each way
 * @param slotBytes of one, a multiple of the page
 */
record LinkLayout(long offset, int slots, long slotBytes) {
    static final long PAGE = 4096;

    private static final long LINE = 64;
    private static final long NONCE = 0;
    private static final long MAPPED = LINE;
    private static final long BELL = 2 * LINE;
    private static final long WANTS_ROOM = 3 * LINE;
    private static final long STATES = 5 * LINE;
    private static final long RING_BYTES = roundUp(FrameRing.BYTES);
    private static final int MAX_SLOTS = 256;
    private static final long MAX_SLOT_BYTES = 64 << 20;
    private static final long MAX_OFFSET = 64L << 30;

    /** One of the two ends of a link. */
    enum End {
        WORKER(0),
        SHARD(1);

        private final int number;

        End(int number) {
            this.number = number;
        }

        End other() {
            return this == WORKER ? SHARD : WORKER;
        }
    }

    LinkLayout {
        if (offset < PAGE
                || offset > MAX_OFFSET
                || offset % PAGE != 0
                || slots < 1
                || slots > MAX_SLOTS
                || slotBytes < PAGE
                || slotBytes > MAX_SLOT_BYTES
                || slotBytes % PAGE != 0) {
            throw new IllegalArgumentException("At most " + MAX_SLOTS + " slots of at most " + MAX_SLOT_BYTES
                    + " bytes, from a byte on, in whole pages of " + PAGE + "; got " + slots + " of " + slotBytes
                    + " from byte " + offset + " on");
        }
    }

    /** With slots that payloads of that many bytes fit into. */
    static LinkLayout of(long offset, int slots, long payloadBytes) {
        return new LinkLayout(offset, slots, roundUp(payloadBytes));
    }

    /** @throws IllegalArgumentException if there is no such layout */
    static LinkLayout of(SharedMemory described) {
        return new LinkLayout(described.getOffset(), described.getSlots(), described.getSlotBytes());
    }

    /** Behind the part. */
    long end() {
        return slotOffset(End.SHARD, slots);
    }

    static MemorySegment bellOfWorker(MemorySegment file) {
        return file.asSlice(0, SharedDoorbell.BYTES);
    }

    MemorySegment bellOfShard(MemorySegment file) {
        return file.asSlice(offset + BELL, SharedDoorbell.BYTES);
    }

    long nonceOffset() {
        return offset + NONCE;
    }

    long mappedOffset() {
        return offset + MAPPED;
    }

    long wantsRoomOffset(End sender) {
        return offset + WANTS_ROOM + LINE * sender.number;
    }

    long stateOffset(End sender, int slot) {
        return offset + STATES + LINE * (sender.number * slots + slot);
    }

    FrameRing ring(MemorySegment file, End sender) {
        return new FrameRing(file.asSlice(ringOffset(sender.number), FrameRing.BYTES));
    }

    private long ringOffset(int number) {
        return offset + roundUp(STATES + LINE * 2 * slots) + RING_BYTES * number;
    }

    long slotOffset(End sender, int slot) {
        return ringOffset(2) + (sender.number * slots + slot) * slotBytes;
    }

    static long roundUp(long bytes) {
        return (bytes + PAGE - 1) / PAGE * PAGE;
    }
}
