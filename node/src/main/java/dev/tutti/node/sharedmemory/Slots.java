package dev.tutti.node.sharedmemory;

import dev.tutti.node.sharedmemory.LinkLayout.End;
import dev.tutti.proto.v1.SharedPayload;
import dev.tutti.proto.wire.CorruptPayloadException;
import dev.tutti.proto.wire.MalformedFrameException;
import dev.tutti.proto.wire.Payload;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** The slots of one direction: one end fills, the other reads and frees. */
final class Slots {
    private static final VarHandle STATE = ValueLayout.JAVA_INT.varHandle();
    private static final int FREE = 0;
    private static final int FILLED = 1;
    /** Copied and summed at once, while it is in the first-level cache. */
    private static final int BLOCK = 16 << 10;

    private final MemorySegment memory;
    private final LinkLayout layout;
    private final End sender;
    /** Where the thread that fills looks first. */
    private int next;

    Slots(MemorySegment memory, LinkLayout layout, End sender) {
        this.memory = memory;
        this.layout = layout;
        this.sender = sender;
    }

    /** Whether a payload can be filled in. Any thread may ask. */
    boolean hasRoom() {
        for (int slot = 0; slot < layout.slots(); slot++) {
            if (isFree(slot)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Copies a payload to a free slot; only if {@link #hasRoom}. One thread at a time.
     *
     * @throws IllegalArgumentException if it is larger than a slot
     */
    SharedPayload fill(Payload payload) {
        if (payload.byteSize() > layout.slotBytes()) {
            throw new IllegalArgumentException(
                    "A payload of " + payload.byteSize() + " bytes for slots of " + layout.slotBytes());
        }
        int slot = nextFree();
        int checksum = copy(payload, slot);
        STATE.setRelease(memory, stateOffset(slot), FILLED);
        return SharedPayload.newBuilder()
                .setSlot(slot)
                .setByteSize(payload.byteSize())
                .setCrc32C(checksum)
                .build();
    }

    private int nextFree() {
        for (int tried = 0; tried < layout.slots(); tried++) {
            int slot = (next + tried) % layout.slots();
            if (isFree(slot)) {
                next = (slot + 1) % layout.slots();
                return slot;
            }
        }
        throw new IllegalStateException("All " + layout.slots() + " slots are filled");
    }

    private boolean isFree(int slot) {
        return (int) STATE.getVolatile(memory, stateOffset(slot)) == FREE;
    }

    private int copy(Payload payload, int slot) {
        ByteBuffer target = bytes(slot, payload.byteSize());
        ByteBuffer copied = target.duplicate();
        CRC32C checksum = new CRC32C();
        for (ByteBuffer slice : payload.slices()) {
            int end = slice.limit();
            while (slice.position() < end) {
                slice.limit(Math.min(end, slice.position() + BLOCK));
                target.put(slice);
                checksum.update(copied.limit(target.position()));
            }
        }
        return (int) checksum.getValue();
    }

    /**
     * What the other end says it has put somewhere.
     *
     * @param freed run when the slot has been freed
     */
    Payload read(SharedPayload where, Runnable freed) throws MalformedFrameException {
        int slot = where.getSlot();
        if (slot < 0 || slot >= layout.slots()) {
            throw new MalformedFrameException(
                    "a payload in slot " + Integer.toUnsignedString(slot) + " of " + layout.slots());
        }
        if (where.getByteSize() < 0 || where.getByteSize() > layout.slotBytes()) {
            throw new MalformedFrameException("a payload of " + Long.toUnsignedString(where.getByteSize())
                    + " bytes in a slot of " + layout.slotBytes());
        }
        if ((int) STATE.getAcquire(memory, stateOffset(slot)) != FILLED) {
            throw new MalformedFrameException("a payload in slot " + slot + ", which is not filled");
        }
        ByteBuffer bytes = bytes(slot, where.getByteSize());
        CRC32C checksum = new CRC32C();
        checksum.update(bytes.duplicate());
        if ((int) checksum.getValue() != where.getCrc32C()) {
            throw new CorruptPayloadException("a payload whose CRC-32C is %08x, expected %08x"
                    .formatted((int) checksum.getValue(), where.getCrc32C()));
        }
        return Payload.received(bytes, () -> {
            STATE.setVolatile(memory, stateOffset(slot), FREE);
            freed.run();
        });
    }

    private ByteBuffer bytes(int slot, long byteSize) {
        return memory.asSlice(layout.slotOffset(sender, slot), byteSize).asByteBuffer();
    }

    private long stateOffset(int slot) {
        return layout.stateOffset(sender, slot);
    }
}
