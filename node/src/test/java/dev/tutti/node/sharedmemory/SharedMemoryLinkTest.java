package dev.tutti.node.sharedmemory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.v1.SharedMemory;
import dev.tutti.proto.v1.SharedPayload;
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
    private static final FrameHeader HEADER =
            FrameHeader.newBuilder().setJob("job").setStep(7).build();

    private final Arena arena = Arena.ofConfined();

    @SuppressWarnings("NullAway.Init")
    private SharedMemoryLink worker;

    @BeforeEach
    void offer() {
        assumeTrue(Files.isWritable(SharedFile.FOLDER), "this machine keeps no files in memory");
        worker = SharedMemoryLink.offer(SLOTS, FLOATS * Float.BYTES).orElseThrow();
    }

    @AfterEach
    void close() {
        if (worker != null) {
            worker.close();
        }
        arena.close();
    }

    @Test
    void payloadsGoThroughSlotsBothWays() throws MalformedFrameException {
        try (PayloadCarrier shard = SharedMemoryLink.accept(worker.description())) {
            for (PayloadCarrier[] way : new PayloadCarrier[][] {{worker, shard}, {shard, worker}}) {
                ExchangeFrame sent = way[0].outgoing(frame(3));
                assertThat(sent.payload().byteSize()).isZero();
                try (ExchangeFrame received = way[1].incoming(sent)) {
                    assertThat(received.header().getStep()).isEqualTo(7);
                    assertThat(floats(received)).isEqualTo(numbers(3));
                }
            }
        }
    }

    @Test
    void theFileIsGoneOnceBothHaveIt() {
        assertThat(Path.of(worker.description().getFile())).exists();
        SharedMemoryLink.accept(worker.description()).close();
        assertThat(Path.of(worker.description().getFile())).doesNotExist();
    }

    @Test
    void nothingIsSharedBeforeTheShardHasMappedTheFile() {
        ExchangeFrame frame = frame(1);
        assertThat(worker.outgoing(frame)).isSameAs(frame);
        worker.close();
        assertThat(Path.of(worker.description().getFile())).doesNotExist();
    }

    @Test
    void withoutAFreeSlotAPayloadStaysInItsFrame() throws MalformedFrameException {
        try (PayloadCarrier shard = SharedMemoryLink.accept(worker.description())) {
            ExchangeFrame first = worker.outgoing(frame(1));
            ExchangeFrame second = worker.outgoing(frame(2));
            ExchangeFrame third = frame(3);
            assertThat(worker.outgoing(third)).isSameAs(third);
            assertThat(shard.incoming(third)).isSameAs(third);
            shard.incoming(first).close();
            assertThat(worker.outgoing(third).payload().byteSize()).isZero();
            try (ExchangeFrame received = shard.incoming(second)) {
                assertThat(floats(received)).isEqualTo(numbers(2));
            }
        }
    }

    @Test
    void aPayloadLargerThanASlotStaysInItsFrame() {
        try (PayloadCarrier _ = SharedMemoryLink.accept(worker.description())) {
            ExchangeFrame large = new ExchangeFrame(HEADER, Payload.view(arena.allocate(1 << 20)));
            assertThat(worker.outgoing(large)).isSameAs(large);
        }
    }

    @Test
    void aFlippedBitIsFound() throws IOException {
        try (FileChannel file = FileChannel.open(
                        Path.of(worker.description().getFile()), StandardOpenOption.READ, StandardOpenOption.WRITE);
                PayloadCarrier shard = SharedMemoryLink.accept(worker.description())) {
            ExchangeFrame sent = worker.outgoing(frame(1));
            SlotLayout layout = SlotLayout.of(worker.description());
            MemorySegment mapped = file.map(FileChannel.MapMode.READ_WRITE, 0, file.size(), arena);
            long at = layout.slotOffset(sent.header().getSharedPayload().getSlot()) + 1234;
            mapped.set(ValueLayout.JAVA_BYTE, at, (byte) (mapped.get(ValueLayout.JAVA_BYTE, at) ^ 8));
            int expected = sent.header().getSharedPayload().getCrc32C();
            assertThatThrownBy(() -> shard.incoming(sent))
                    .isInstanceOf(MalformedFrameException.class)
                    .hasMessageMatching("a payload whose CRC-32C is [0-9a-f]{8}, expected %08x".formatted(expected));
        }
    }

    @Test
    void whatIsInNoSlotIsRefused() {
        try (PayloadCarrier shard = SharedMemoryLink.accept(worker.description())) {
            SharedPayload sent = worker.outgoing(frame(1)).header().getSharedPayload();
            assertRefused(shard, sent.toBuilder().setSlot(SLOTS), "a payload in slot 2 of 2");
            assertRefused(shard, sent.toBuilder().setSlot(-1), "a payload in slot 4294967295 of 2");
            assertRefused(shard, sent.toBuilder().setSlot(1), "a payload in slot 1, which is not filled");
            assertRefused(shard, sent.toBuilder().setByteSize(40_961), "a payload of 40961 bytes in a slot of 40960");
            assertRefused(
                    shard,
                    sent.toBuilder().setByteSize(-1),
                    "a payload of 18446744073709551615 bytes in a slot of 40960");
        }
    }

    private static void assertRefused(PayloadCarrier shard, SharedPayload.Builder where, String reason) {
        ExchangeFrame frame =
                new ExchangeFrame(HEADER.toBuilder().setSharedPayload(where).build());
        assertThatThrownBy(() -> shard.incoming(frame))
                .isInstanceOf(MalformedFrameException.class)
                .hasMessage(reason);
    }

    @Test
    void aPayloadBothHereAndThereIsRefused() {
        try (PayloadCarrier shard = SharedMemoryLink.accept(worker.description())) {
            FrameHeader header = worker.outgoing(frame(1)).header();
            assertThatThrownBy(() -> shard.incoming(new ExchangeFrame(header, frame(1).payload())))
                    .hasMessage("a payload both in its frame and in shared memory");
            assertThatThrownBy(() -> PayloadCarrier.inFrames().incoming(new ExchangeFrame(header)))
                    .hasMessage("a payload in shared memory, of which this stream has none");
        }
    }

    @Test
    void anOpenPayloadOutlivesItsEnd() throws MalformedFrameException {
        PayloadCarrier shard = SharedMemoryLink.accept(worker.description());
        ExchangeFrame sent = worker.outgoing(frame(5));
        try (ExchangeFrame received = shard.incoming(sent)) {
            shard.close();
            shard.close();
            assertThat(floats(received)).isEqualTo(numbers(5));
        }
        assertThatThrownBy(() -> shard.incoming(sent))
                .hasMessage("a payload in shared memory on a stream that has ended");
        ExchangeFrame frame = frame(6);
        assertThat(shard.outgoing(frame)).isSameAs(frame);
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
        SharedMemory offered = worker.description().toBuilder().setFile(path).build();
        assertThat(SharedMemoryLink.accept(offered)).isSameAs(PayloadCarrier.inFrames());
    }

    @Test
    void anotherNonceSizeOrALinkIsNotMapped() throws IOException {
        SharedMemory offered = worker.description();
        assertThat(SharedMemoryLink.accept(
                        offered.toBuilder().setSlots(SLOTS + 1).build()))
                .isSameAs(PayloadCarrier.inFrames());
        assertThat(SharedMemoryLink.accept(offered.toBuilder().setSlots(-1).build()))
                .isSameAs(PayloadCarrier.inFrames());
        Path link = Files.createSymbolicLink(
                SharedFile.FOLDER.resolve("tutti-exchange-" + UUID.randomUUID()), Path.of(offered.getFile()));
        try {
            assertThat(SharedMemoryLink.accept(
                            offered.toBuilder().setFile(link.toString()).build()))
                    .isSameAs(PayloadCarrier.inFrames());
        } finally {
            Files.delete(link);
        }
        assertThat(SharedMemoryLink.accept(
                        offered.toBuilder().setNonce(offered.getNonce() + 1).build()))
                .isSameAs(PayloadCarrier.inFrames());
    }

    @Test
    void filesOfKilledProcessesAreDeleted() throws IOException {
        Path left = Files.write(SharedFile.FOLDER.resolve("tutti-exchange-" + UUID.randomUUID()), new byte[8]);
        SharedMemoryLink.offer(1, 1 << 20).orElseThrow().close();
        assertThat(left).doesNotExist();
        assertThat(Path.of(worker.description().getFile())).exists();
    }

    @Test
    void smallPayloadsAndTooManyWorkersHaveNone() {
        assertThat(SharedMemoryLink.offer(1, 100)).isEmpty();
        assertThat(SharedMemoryLink.offer(0, 1 << 20)).isEmpty();
    }

    private ExchangeFrame frame(int seed) {
        MemorySegment elements = arena.allocate(FLOATS * Float.BYTES, 64);
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
