package dev.tutti.node.sharedmemory;

import dev.tutti.proto.v1.SharedMemory;

/**
 * Where things lie in the shared file; see {@code SharedMemory} in parameters.proto.
 *
 * @param slots each way
 * @param slotBytes of one, a multiple of the page
 */
record SlotLayout(int slots, long slotBytes) {
    static final long NONCE_OFFSET = 0;
    static final long MAPPED_OFFSET = 64;

    private static final long STATES_OFFSET = 128;
    /** Each state in a cache line of its own. */
    private static final long STATE_BYTES = 64;

    private static final long PAGE = 4096;
    private static final int MAX_SLOTS = 256;
    private static final long MAX_SLOT_BYTES = 64 << 20;

    SlotLayout {
        if (slots < 1 || slots > MAX_SLOTS || slotBytes < PAGE || slotBytes > MAX_SLOT_BYTES || slotBytes % PAGE != 0) {
            throw new IllegalArgumentException("At most " + MAX_SLOTS + " slots of at most " + MAX_SLOT_BYTES
                    + " bytes in whole pages of " + PAGE + ", got " + slots + " of " + slotBytes);
        }
    }

    /** With slots that payloads of that many bytes fit into. */
    static SlotLayout of(int slots, long payloadBytes) {
        return new SlotLayout(slots, roundUp(payloadBytes));
    }

    /** @throws IllegalArgumentException if there is no such layout */
    static SlotLayout of(SharedMemory described) {
        return new SlotLayout(described.getSlots(), described.getSlotBytes());
    }

    long byteSize() {
        return slotOffset(2 * slots);
    }

    /** @param slot of the worker's first, then of the shard's */
    long stateOffset(int slot) {
        return STATES_OFFSET + STATE_BYTES * slot;
    }

    long slotOffset(int slot) {
        return roundUp(stateOffset(2 * slots)) + slot * slotBytes;
    }

    private static long roundUp(long bytes) {
        return (bytes + PAGE - 1) / PAGE * PAGE;
    }
}
