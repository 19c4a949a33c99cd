package dev.tutti.node.sharedmemory;

import dev.tutti.node.sharedmemory.LinkLayout.End;
import dev.tutti.proto.v1.SharedMemory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a worker shares with shards on its machine: one file with a part for each of them, and one doorbell for frames of all. One thread at a time uses it. */
public final class ExchangeMemory implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ExchangeMemory.class);

    private final SharedFile file;
    private final MappedMemory memory;
    private final Doorbell bell;
    private final List<Part> parts;
    private int unattached;

    /** @param description what the shard is told */
    public record Part(SharedMemoryLink link, SharedMemory description) {}

    private ExchangeMemory(SharedFile file, MappedMemory memory, Futex futex, List<LinkLayout> layouts) {
        this.file = file;
        this.memory = memory;
        this.bell = new SharedDoorbell(futex, memory, LinkLayout.bellOfWorker(memory.bytes()));
        this.unattached = layouts.size();
        long nonce = new SplittableRandom().nextLong();
        this.parts = layouts.stream().map(layout -> part(layout, futex, nonce)).toList();
    }

    private Part part(LinkLayout layout, Futex futex, long nonce) {
        MemorySegment bytes = memory.bytes();
        bytes.set(ValueLayout.JAVA_LONG, layout.nonceOffset(), nonce);
        SharedDoorbell shards = new SharedDoorbell(futex, memory, layout.bellOfShard(bytes));
        return new Part(
                new SharedMemoryLink(memory, layout, End.WORKER, bell, shards),
                SharedMemory.newBuilder()
                        .setFile(file.path().toString())
                        .setNonce(nonce)
                        .setOffset(layout.offset())
                        .setSlots(layout.slots())
                        .setSlotBytes(layout.slotBytes())
                        .build());
    }

    /**
     * With a part for each shard. Nothing where the machine keeps no files in memory, or has no room for this one, or threads cannot wait for each other there.
     *
     * @param slots of each part, each way; 1 or more
     * @param payloadBytes of the largest payload
     */
    public static Optional<ExchangeMemory> create(List<Integer> slots, long payloadBytes) {
        Optional<Futex> futex = Futex.ofSystem();
        if (futex.isEmpty()) {
            return Optional.empty();
        }
        List<LinkLayout> layouts = new ArrayList<>();
        long end = LinkLayout.PAGE;
        for (int each : slots) {
            layouts.add(LinkLayout.of(end, each, payloadBytes));
            end = layouts.getLast().end();
        }
        try {
            SharedFile file = SharedFile.create(end);
            return Optional.of(new ExchangeMemory(file, map(file), futex.get(), layouts));
        } catch (IOException | UnsupportedOperationException e) {
            LOG.info("No shared memory of {} bytes: {}", end, e.toString());
            return Optional.empty();
        }
    }

    private static MappedMemory map(SharedFile file) throws IOException {
        Arena arena = Arena.ofShared();
        try {
            return new MappedMemory(arena, file.map(arena));
        } catch (IOException e) {
            arena.close();
            file.delete();
            throw e;
        }
    }

    /** Rung when there is something to receive from any shard, or room for something to be sent. */
    public Doorbell bell() {
        return bell;
    }

    /** In the order of their slots. */
    public List<Part> parts() {
        return parts;
    }

    /** Another of the shards has mapped the file. When all have, nobody else needs to find it. */
    public void attached() {
        unattached--;
        if (unattached == 0) {
            file.delete();
        }
    }

    /** Frames that are open stay readable; nothing is sent or received any more. */
    @Override
    public void close() {
        file.delete();
        memory.close();
    }
}
