package dev.tutti.node.sharedmemory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tutti.node.sharedmemory.LinkLayout.End;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.v1.SharedMemory;
import dev.tutti.proto.v1.SharedPayload;
import dev.tutti.proto.wire.CorruptPayloadException;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.MalformedFrameException;
import dev.tutti.proto.wire.Payload;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Both ends in one process, which maps the file twice. */
class SharedMemoryLinkTest {
    private static final int SLOTS = 2;
    private static final int FLOATS = 10_000;
    private static final long BYTES = FLOATS * Float.BYTES;
    private static final FrameHeader HEADER =
            FrameHeader.newBuilder().setJob("job").setStep(7).build();

    private final Arena arena = Arena.ofConfined();

    @SuppressWarnings("NullAway.Init")
    private ExchangeMemory memory;

    @SuppressWarnings("NullAway.Init")
    private SharedMemory offered;

    @SuppressWarnings("NullAway.Init")
    private SharedMemoryLink worker;

    @SuppressWarnings("NullAway.Init")
    private SharedMemoryLink shard;

    @BeforeEach
    void open() {
        assumeTrue(Files.isWritable(SharedFile.FOLDER), "this machine keeps no files in memory");
        assumeTrue(Futex.ofSystem().isPresent(), "threads cannot wait for each other in shared memory here");
        memory = ExchangeMemory.create(List.of(SLOTS), BYTES).orElseThrow();
        offered = memory.parts().getFirst().description();
        worker = memory.parts().getFirst().link();
        assertThat(worker.isMapped()).isFalse();
        shard = SharedMemoryLink.accept(offered, BYTES).orElseThrow();
        assertThat(worker.isMapped()).isTrue();
    }

    @AfterEach
    void close() {
        if (memory != null) {
            shard.close();
            memory.close();
        }
        arena.close();
    }

    @Test
    void framesGoBothWays() throws MalformedFrameException {
        assertThat(shard.receive()).isEmpty();
        for (SharedMemoryLink[] way : new SharedMemoryLink[][] {{worker, shard}, {shard, worker}}) {
            assertThat(way[0].send(frame(3))).isTrue();
            assertThat(way[0].send(new ExchangeFrame(HEADER))).isTrue();
            try (ExchangeFrame received = way[1].receive().orElseThrow()) {
                assertThat(received.header().getStep()).isEqualTo(7);
                assertThat(floats(received)).isEqualTo(numbers(3));
            }
            assertThat(way[1].receive().orElseThrow().header()).isEqualTo(HEADER);
            assertThat(way[1].receive()).isEmpty();
        }
    }

    @Test
    void eachFrameRingsTheOthersBell() {
        int seen = shard.bell().rings();
        assertThat(worker.send(new ExchangeFrame(HEADER))).isTrue();
        assertThat(shard.bell().rings()).isEqualTo(seen + 1);
        seen = memory.bell().rings();
        assertThat(shard.send(frame(1))).isTrue();
        assertThat(memory.bell().rings()).isEqualTo(seen + 1);
        assertThat(worker.bell()).isSameAs(memory.bell());
    }

    @Test
    void aSlotThatIsFreedRingsForWhoWantsOne() throws MalformedFrameException {
        assertThat(worker.send(frame(1))).isTrue();
        ExchangeFrame first = shard.receive().orElseThrow();
        int seen = memory.bell().rings();
        first.close();
        assertThat(memory.bell().rings()).as("nobody waits for room").isEqualTo(seen);

        assertThat(worker.send(frame(1))).isTrue();
        assertThat(worker.send(frame(2))).isTrue();
        assertThat(worker.hasRoom()).isFalse();
        assertThat(worker.send(frame(3))).isFalse();
        assertThat(worker.send(new ExchangeFrame(HEADER))).as("needs no slot").isTrue();
        shard.receive().orElseThrow().close();
        assertThat(memory.bell().rings()).isGreaterThan(seen);
        assertThat(worker.send(frame(3))).isTrue();
        try (ExchangeFrame second = shard.receive().orElseThrow()) {
            assertThat(floats(second)).isEqualTo(numbers(2));
        }
    }

    @Test
    void aRingThatIsReadRingsForWhoWantsRoomInIt() throws MalformedFrameException {
        int sent = 0;
        while (shard.send(new ExchangeFrame(HEADER))) {
            sent++;
        }
        assertThat(sent).isGreaterThan(1000);
        int seen = shard.bell().rings();
        for (int i = 0; i < sent; i++) {
            assertThat(worker.receive().orElseThrow().header()).isEqualTo(HEADER);
        }
        assertThat(worker.receive()).isEmpty();
        assertThat(shard.bell().rings()).isEqualTo(seen + 1);
        assertThat(shard.send(new ExchangeFrame(HEADER))).isTrue();
    }

    @Test
    void whatDoesNotFitAtAllIsAMistake() {
        ExchangeFrame large = new ExchangeFrame(HEADER, Payload.view(arena.allocate(1 << 20)));
        assertThatThrownBy(() -> worker.send(large))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("A payload of 1048576 bytes for slots of 40960");
    }

    @Test
    void partsOfSeveralShardsAreApart() throws MalformedFrameException {
        try (ExchangeMemory both = ExchangeMemory.create(List.of(1, 3), BYTES).orElseThrow()) {
            for (int i = 0; i < 2; i++) {
                SharedMemoryLink own = both.parts().get(i).link();
                try (SharedMemoryLink its = SharedMemoryLink.accept(
                                both.parts().get(i).description(), BYTES)
                        .orElseThrow()) {
                    for (int slot = 0; slot < 1 + 2 * i; slot++) {
                        assertThat(its.send(frame(10 * i + slot))).isTrue();
                    }
                    assertThat(its.hasRoom()).isFalse();
                    for (int slot = 0; slot < 1 + 2 * i; slot++) {
                        try (ExchangeFrame received = own.receive().orElseThrow()) {
                            assertThat(floats(received)).isEqualTo(numbers(10 * i + slot));
                        }
                    }
                }
            }
        }
    }

    @Test
    void theFileIsGoneOnceAllHaveItOrTheWorkerIsGone() {
        Path file = Path.of(offered.getFile());
        assertThat(file).exists();
        memory.attached();
        assertThat(file).doesNotExist();
        ExchangeMemory other = ExchangeMemory.create(List.of(1, 1), BYTES).orElseThrow();
        Path others = Path.of(other.parts().getFirst().description().getFile());
        other.attached();
        assertThat(others).exists();
        other.close();
        assertThat(others).doesNotExist();
    }

    @Test
    void aFlippedBitIsFound() throws IOException {
        MemorySegment mapped = map();
        assertThat(worker.send(frame(1))).isTrue();
        long at = LinkLayout.of(offered).slotOffset(End.WORKER, 0) + 1234;
        mapped.set(ValueLayout.JAVA_BYTE, at, (byte) (mapped.get(ValueLayout.JAVA_BYTE, at) ^ 8));
        assertThatThrownBy(() -> shard.receive())
                .isInstanceOf(CorruptPayloadException.class)
                .hasMessageMatching("a payload whose CRC-32C is [0-9a-f]{8}, expected [0-9a-f]{8}");
    }

    @Test
    void whatIsInNoSlotIsRefused() throws IOException {
        FrameRing ring = LinkLayout.of(offered).ring(map(), End.WORKER);
        assertRefused(ring, SharedPayload.newBuilder().setSlot(SLOTS), "a payload in slot 2 of 2");
        assertRefused(ring, SharedPayload.newBuilder().setSlot(-1), "a payload in slot 4294967295 of 2");
        assertRefused(ring, SharedPayload.newBuilder().setSlot(1), "a payload in slot 1, which is not filled");
        assertRefused(
                ring, SharedPayload.newBuilder().setByteSize(40_961), "a payload of 40961 bytes in a slot of 40960");
        assertRefused(
                ring,
                SharedPayload.newBuilder().setByteSize(-1),
                "a payload of 18446744073709551615 bytes in a slot of 40960");
        ring.send(new byte[] {8, 8, 8});
        assertThatThrownBy(() -> shard.receive())
                .isInstanceOf(MalformedFrameException.class)
                .hasMessageStartingWith("a header that is none: ");
    }

    private void assertRefused(FrameRing ring, SharedPayload.Builder where, String reason) {
        ring.send(HEADER.toBuilder().setSharedPayload(where).build().toByteArray());
        assertThatThrownBy(() -> shard.receive())
                .isInstanceOf(MalformedFrameException.class)
                .hasMessage(reason);
    }

    @Test
    void anOpenPayloadOutlivesItsEnd() throws MalformedFrameException {
        assertThat(worker.send(frame(5))).isTrue();
        assertThat(worker.send(frame(6))).isTrue();
        try (ExchangeFrame received = shard.receive().orElseThrow()) {
            shard.close();
            shard.close();
            assertThat(floats(received)).isEqualTo(numbers(5));
        }
        assertThat(shard.receive()).isEmpty();
        assertThat(shard.send(frame(6))).isFalse();
        assertThat(shard.hasRoom()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/etc/passwd",
                "",
                "/dev/shm",
                "/dev/shm/other",
                "/dev/shm/../shm/tutti-exchange-00000000-0000-0000-0000-000000000000",
                "/dev/shm/tutti-exchange-00000000-0000-0000-0000-000000000000"
            })
    void nothingElseIsEverMapped(String path) {
        assertNotMapped(offered.toBuilder().setFile(path));
    }

    @Test
    void anotherNonceSizeOrALinkIsNotMapped() throws IOException {
        assertNotMapped(offered.toBuilder().setSlots(SLOTS + 1));
        assertNotMapped(offered.toBuilder().setSlots(-1));
        assertNotMapped(offered.toBuilder().setOffset(0));
        assertNotMapped(offered.toBuilder().setOffset(4097));
        assertNotMapped(offered.toBuilder().setOffset(-4096));
        assertNotMapped(offered.toBuilder().setNonce(offered.getNonce() + 1));
        Path link = Files.createSymbolicLink(
                SharedFile.FOLDER.resolve("tutti-exchange-" + UUID.randomUUID()), Path.of(offered.getFile()));
        try {
            assertNotMapped(offered.toBuilder().setFile(link.toString()));
        } finally {
            Files.delete(link);
        }
    }

    private static void assertNotMapped(SharedMemory.Builder wrong) {
        assertThat(SharedMemoryLink.accept(wrong.build(), BYTES)).isEmpty();
    }

    @Test
    void slotsTooSmallForWhatTheShardSendsAreNotUsed() {
        assertThat(SharedMemoryLink.accept(offered, offered.getSlotBytes() + 1)).isEmpty();
    }

    /** Another thread may look for room while the sender fills: whoever is told of a slot's payload is the only one in it. */
    @Test
    void lookingForRoomDoesNotChooseTheNextSlot() throws MalformedFrameException {
        assertThat(worker.send(frame(1))).isTrue();
        assertThat(worker.send(frame(2))).isTrue();
        shard.receive().orElseThrow().close();
        try (ExchangeFrame second = shard.receive().orElseThrow()) {
            assertThat(worker.hasRoom()).isTrue();
            assertThat(worker.send(frame(3))).isTrue();
            assertThat(floats(second)).isEqualTo(numbers(2));
            try (ExchangeFrame third = shard.receive().orElseThrow()) {
                assertThat(floats(third)).isEqualTo(numbers(3));
            }
        }
    }

    @Test
    void filesOfKilledProcessesAreDeleted() throws IOException {
        Path left = Files.write(SharedFile.FOLDER.resolve("tutti-exchange-" + UUID.randomUUID()), new byte[8]);
        try {
            ExchangeMemory.create(List.of(1), BYTES).orElseThrow().close();
            assertThat(left).as("who makes a file now locks it soon").exists();
            Files.setLastModifiedTime(left, FileTime.from(Instant.now().minus(Duration.ofMinutes(2))));
            ExchangeMemory.create(List.of(1), BYTES).orElseThrow().close();
            assertThat(left).doesNotExist();
            assertThat(Path.of(offered.getFile())).exists();
        } finally {
            Files.deleteIfExists(left);
        }
    }

    private MemorySegment map() throws IOException {
        try (FileChannel file =
                FileChannel.open(Path.of(offered.getFile()), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return file.map(FileChannel.MapMode.READ_WRITE, 0, file.size(), arena);
        }
    }

    private ExchangeFrame frame(int seed) {
        MemorySegment elements = arena.allocate(BYTES, 64);
        MemorySegment.copy(numbers(seed), 0, elements, ValueLayout.JAVA_FLOAT, 0, FLOATS);
        return new ExchangeFrame(HEADER, Payload.view(elements));
    }

    private static float[] numbers(int seed) {
        float[] numbers = new float[FLOATS];
        for (int i = 0; i < FLOATS; i++) {
            numbers[i] = seed * 1000 + i * 0.5f;
        }
        return numbers;
    }

    private static float[] floats(ExchangeFrame frame) {
        MemorySegment target = MemorySegment.ofBuffer(
                ByteBuffer.allocateDirect((int) frame.payload().byteSize()));
        frame.payload().copyTo(target);
        return target.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    }
}
