package dev.tutti.node.sharedmemory;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.tutti.node.sharedmemory.LinkLayout.End;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.v1.SharedMemory;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.MalformedFrameException;
import dev.tutti.proto.wire.Payload;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One end of what a worker and a shard on one machine exchange frames through: headers in a ring each way, payloads in slots, and a doorbell at each end. No frame is sent
 * for which there is no room, so a slow receiver slows its sender; once there is room again, the sender's bell is rung.
 *
 * <p>One thread at a time sends, one receives. Frames that were received may be closed by any thread, also after the link.
 */
public final class SharedMemoryLink implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SharedMemoryLink.class);
    private static final VarHandle WORD = ValueLayout.JAVA_INT.varHandle();

    private final MappedMemory memory;
    private final LinkLayout layout;
    private final End end;
    private final Doorbell bell;
    private final Doorbell othersBell;
    private final FrameRing sent;
    private final FrameRing received;
    private final Slots filled;
    private final Slots read;

    SharedMemoryLink(MappedMemory memory, LinkLayout layout, End end, Doorbell bell, Doorbell othersBell) {
        MemorySegment bytes = memory.bytes();
        this.memory = memory;
        this.layout = layout;
        this.end = end;
        this.bell = bell;
        this.othersBell = othersBell;
        this.sent = layout.ring(bytes, end);
        this.received = layout.ring(bytes, end.other());
        this.filled = new Slots(bytes, layout, end);
        this.read = new Slots(bytes, layout, end.other());
    }

    /**
     * The shard's end of what a worker offers; nothing if that cannot be mapped here, or its slots are too small.
     *
     * @param payloadBytes of the largest payload the shard will send
     */
    public static Optional<SharedMemoryLink> accept(SharedMemory offered, long payloadBytes) {
        Optional<Futex> futex = Futex.ofSystem();
        if (futex.isEmpty()) {
            return Optional.empty();
        }
        Arena arena = Arena.ofShared();
        try {
            LinkLayout layout = LinkLayout.of(offered);
            if (layout.slotBytes() < payloadBytes) {
                throw new IOException("slots of " + layout.slotBytes() + " bytes for payloads of " + payloadBytes);
            }
            MemorySegment bytes = SharedFile.mapOther(Path.of(offered.getFile()), layout.end(), arena);
            if (bytes.get(ValueLayout.JAVA_LONG, layout.nonceOffset()) != offered.getNonce()) {
                throw new IOException(offered.getFile() + " has another nonce");
            }
            MappedMemory memory = new MappedMemory(arena, bytes);
            SharedDoorbell own = new SharedDoorbell(futex.get(), memory, layout.bellOfShard(bytes));
            SharedDoorbell workers = new SharedDoorbell(futex.get(), memory, LinkLayout.bellOfWorker(bytes));
            WORD.setVolatile(bytes, layout.mappedOffset(), 1);
            return Optional.of(new SharedMemoryLink(memory, layout, End.SHARD, own, workers));
        } catch (IOException | IllegalArgumentException e) {
            LOG.info("A worker's shared memory could not be mapped: {}", e.toString());
            arena.close();
            return Optional.empty();
        }
    }

    /** This end's: rung when there is something to receive, or room again. */
    public Doorbell bell() {
        return bell;
    }

    /** Whether the shard has mapped the memory. */
    public boolean isMapped() {
        return within(() -> (int) WORD.getVolatile(memory.bytes(), layout.mappedOffset()) == 1);
    }

    /** Whether a frame with a payload can be sent; if not, this end's bell will be rung. */
    public boolean hasRoom() {
        return within(() -> hasRoom(true));
    }

    private boolean hasRoom(boolean forPayload) {
        if (isRoom(forPayload)) {
            return true;
        }
        WORD.setVolatile(memory.bytes(), layout.wantsRoomOffset(end), 1);
        // There may have been before anyone saw that it is wanted.
        return isRoom(forPayload);
    }

    private boolean isRoom(boolean forPayload) {
        return sent.hasRoom() && (!forPayload || filled.hasRoom());
    }

    /**
     * Sends a frame. Its payload's memory has been copied then.
     *
     * @return false if there is no room; this end's bell will be rung then
     */
    public boolean send(ExchangeFrame frame) {
        return within(() -> {
            boolean hasPayload = frame.payload().byteSize() > 0;
            if (!hasRoom(hasPayload)) {
                return false;
            }
            FrameHeader header = hasPayload
                    ? frame.header().toBuilder()
                            .setSharedPayload(filled.fill(frame.payload()))
                            .build()
                    : frame.header();
            sent.send(header.toByteArray());
            othersBell.ring();
            return true;
        });
    }

    /**
     * The next frame, if one has come. Whoever gets it closes it, as soon as it has read it: the sender waits for the place.
     *
     * @throws MalformedFrameException if what has come is none, or its payload not the one that was sent
     */
    public Optional<ExchangeFrame> receive() throws MalformedFrameException {
        if (!memory.enter()) {
            return Optional.empty();
        }
        try {
            Optional<byte[]> record = received.receive();
            if (record.isEmpty()) {
                return Optional.empty();
            }
            ringIfRoomIsWanted();
            FrameHeader header = FrameHeader.parseFrom(record.get());
            return Optional.of(
                    header.hasSharedPayload() ? new ExchangeFrame(header, payload(header)) : new ExchangeFrame(header));
        } catch (InvalidProtocolBufferException e) {
            throw new MalformedFrameException("a header that is none: " + e.getMessage());
        } finally {
            memory.leave();
        }
    }

    private Payload payload(FrameHeader header) throws MalformedFrameException {
        if (!memory.enter()) {
            throw new IllegalStateException("Memory is unmapped while it is used");
        }
        try {
            return read.read(header.getSharedPayload(), () -> {
                ringIfRoomIsWanted();
                memory.leave();
            });
        } catch (MalformedFrameException e) {
            memory.leave();
            throw e;
        }
    }

    private void ringIfRoomIsWanted() {
        long wanted = layout.wantsRoomOffset(end.other());
        if ((int) WORD.getVolatile(memory.bytes(), wanted) != 0) {
            WORD.setVolatile(memory.bytes(), wanted, 0);
            othersBell.ring();
        }
    }

    /** Frames that are open stay readable; none is sent or received any more. */
    @Override
    public void close() {
        memory.close();
    }

    @FunctionalInterface
    private interface Question {
        boolean ask();
    }

    /** False if the memory is not mapped any more. */
    private boolean within(Question question) {
        if (!memory.enter()) {
            return false;
        }
        try {
            return question.ask();
        } finally {
            memory.leave();
        }
    }
}
