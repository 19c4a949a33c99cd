package dev.tutti.node.sharedmemory;

import dev.tutti.proto.v1.SharedPayload;
import dev.tutti.proto.wire.CorruptPayloadException;
import dev.tutti.proto.wire.MalformedFrameException;
import dev.tutti.proto.wire.Payload;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.zip.CRC32C;

/** The slots of one direction: one end fills, the other reads and frees. */
final class Slots {
    private static final VarHandle STATE = ValueLayout.JAVA_INT.varHandle();
    private static final int FREE = 0;
    private static final int FILLED = 1;
    /** Copied and summed at once, while it is in the first-level cache. */
    private static final int BLOCK = 16 << 10;

    private final MemorySegment memory;
    private final SlotLayout layout;
    private final int first;
    /** Where the sender looks first. */
    private int next;

    /** @param first slot of this direction, in the layout */
    Slots(MemorySegment memory, SlotLayout layout, int first) {
        this.memory = memory;
        this.layout = layout;
        this.first = first;
    }

    /** Copies a payload to a slot; nothing if all are filled, or none is large enough. */
    Optional<SharedPayload> fill(Payload payload) {
        if (payload.byteSize() > layout.slotBytes()) {
            return Optional.empty();
        }
        for (int tried = 0; tried < layout.slots(); tried++) {
            int slot = (next + tried) % layout.slots();
            if ((int) STATE.getAcquire(memory, stateOffset(slot)) == FREE) {
                next = slot + 1;
                int checksum = copy(payload, slot);
                STATE.setRelease(memory, stateOffset(slot), FILLED);
                return Optional.of(SharedPayload.newBuilder()
                        .setSlot(slot)
                        .setByteSize(payload.byteSize())
                        .setCrc32C(checksum)
                        .build());
            }
        }
        return Optional.empty();
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
     * @param release run when the slot has been freed
     */
    Payload read(SharedPayload where, Runnable release) throws MalformedFrameException {
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
            STATE.setRelease(memory, stateOffset(slot), FREE);
            release.run();
        });
    }

    private ByteBuffer bytes(int slot, long byteSize) {
        return memory.asSlice(layout.slotOffset(first + slot), byteSize).asByteBuffer();
    }

    private long stateOffset(int slot) {
        return layout.stateOffset(first + slot);
    }
}
