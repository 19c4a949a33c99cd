package dev.tutti.node.sharedmemory;

import dev.tutti.proto.v1.SharedMemory;
import dev.tutti.proto.v1.SharedPayload;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.MalformedFrameException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One end of shared memory between a worker and a shard. A payload goes to a free slot, and only its place through the stream; when no slot is free it goes through the stream
 * itself, so that the stream's own flow control is what a slow receiver slows its sender by.
 */
public final class SharedMemoryLink implements PayloadCarrier {
    private static final Logger LOG = LoggerFactory.getLogger(SharedMemoryLink.class);
    private static final VarHandle MAPPED = ValueLayout.JAVA_INT.varHandle();
    private static final int YES = 1;
    /** Smaller payloads are as fast in their frames. */
    private static final int LEAST_BYTES = 16 << 10;

    private final Arena arena;
    private final MemorySegment memory;
    private final SharedMemory description;
    private final Optional<SharedFile> own;
    private final Slots filled;
    private final Slots read;
    /** This object, and each payload that is open. */
    private final AtomicInteger users = new AtomicInteger(1);

    private final AtomicBoolean closed = new AtomicBoolean();

    private SharedMemoryLink(
            Arena arena, MemorySegment memory, SlotLayout layout, SharedMemory description, Optional<SharedFile> own) {
        this.arena = arena;
        this.memory = memory;
        this.description = description;
        this.own = own;
        Slots ofWorker = new Slots(memory, layout, 0);
        Slots ofShard = new Slots(memory, layout, layout.slots());
        this.filled = own.isPresent() ? ofWorker : ofShard;
        this.read = own.isPresent() ? ofShard : ofWorker;
    }

    /**
     * The worker's end. Nothing without slots, and where payloads are too small for it, or the machine keeps no files in memory, or has no room for this one.
     *
     * @param slots each way
     * @param payloadBytes of the largest payload
     */
    public static Optional<SharedMemoryLink> offer(int slots, long payloadBytes) {
        if (slots == 0 || payloadBytes < LEAST_BYTES) {
            return Optional.empty();
        }
        SlotLayout layout = SlotLayout.of(slots, payloadBytes);
        Arena arena = Arena.ofShared();
        try {
            SharedFile file = SharedFile.create(layout.byteSize());
            MemorySegment memory = file.map(arena);
            long nonce = new SplittableRandom().nextLong();
            memory.set(ValueLayout.JAVA_LONG, SlotLayout.NONCE_OFFSET, nonce);
            SharedMemory description = SharedMemory.newBuilder()
                    .setFile(file.path().toString())
                    .setNonce(nonce)
                    .setSlots(layout.slots())
                    .setSlotBytes(layout.slotBytes())
                    .build();
            return Optional.of(new SharedMemoryLink(arena, memory, layout, description, Optional.of(file)));
        } catch (IOException | UnsupportedOperationException e) {
            LOG.info("No shared memory of {} bytes: {}", layout.byteSize(), e.toString());
            arena.close();
            return Optional.empty();
        }
    }

    /** The shard's end of what a worker offers; payloads stay in their frames if it cannot be mapped here. */
    public static PayloadCarrier accept(SharedMemory offered) {
        Arena arena = Arena.ofShared();
        try {
            SlotLayout layout = SlotLayout.of(offered);
            MemorySegment memory = SharedFile.adopt(Path.of(offered.getFile()), layout.byteSize(), arena);
            if (memory.get(ValueLayout.JAVA_LONG, SlotLayout.NONCE_OFFSET) != offered.getNonce()) {
                throw new IOException(offered.getFile() + " has another nonce");
            }
            MAPPED.setRelease(memory, SlotLayout.MAPPED_OFFSET, YES);
            return new SharedMemoryLink(arena, memory, layout, offered, Optional.empty());
        } catch (IOException | IllegalArgumentException e) {
            LOG.info("A worker's shared memory could not be mapped: {}", e.toString());
            arena.close();
            return PayloadCarrier.inFrames();
        }
    }

    /** What the worker's first frame says. */
    public SharedMemory description() {
        return description;
    }

    @Override
    public ExchangeFrame outgoing(ExchangeFrame frame) {
        if (frame.payload().byteSize() < LEAST_BYTES || !enter()) {
            return frame;
        }
        try {
            return isMapped()
                    ? filled.fill(frame.payload()).map(at -> placed(frame, at)).orElse(frame)
                    : frame;
        } finally {
            leave();
        }
    }

    private static ExchangeFrame placed(ExchangeFrame frame, SharedPayload at) {
        return new ExchangeFrame(frame.header().toBuilder().setSharedPayload(at).build());
    }

    private boolean isMapped() {
        return (int) MAPPED.getAcquire(memory, SlotLayout.MAPPED_OFFSET) == YES;
    }

    @Override
    public ExchangeFrame incoming(ExchangeFrame frame) throws MalformedFrameException {
        if (!frame.header().hasSharedPayload()) {
            return frame;
        }
        if (frame.payload().byteSize() > 0) {
            throw new MalformedFrameException("a payload both in its frame and in shared memory");
        }
        if (!enter()) {
            throw new MalformedFrameException("a payload in shared memory on a stream that has ended");
        }
        try {
            return new ExchangeFrame(frame.header(), read.read(frame.header().getSharedPayload(), this::leave));
        } catch (MalformedFrameException e) {
            leave();
            throw e;
        }
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            own.ifPresent(SharedFile::delete);
            leave();
        }
    }

    private boolean enter() {
        return users.getAndUpdate(count -> count == 0 ? 0 : count + 1) > 0;
    }

    /** The last one unmaps. */
    private void leave() {
        if (users.decrementAndGet() == 0) {
            arena.close();
        }
    }
}
