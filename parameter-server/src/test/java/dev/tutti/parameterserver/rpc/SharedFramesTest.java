package dev.tutti.parameterserver.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tutti.node.sharedmemory.ExchangeMemory;
import dev.tutti.node.sharedmemory.SharedMemoryLink;
import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import dev.tutti.parameterserver.shard.Jobs;
import dev.tutti.proto.v1.Attached;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.v1.Pull;
import dev.tutti.proto.v1.SharedPayload;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.Payload;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A worker's side made by hand, and a shard with three chunks, of which two fit into the memory they share. */
@Timeout(60)
class SharedFramesTest {
    private static final int CHUNKS = 3;
    private static final int SLOTS = 2;
    private static final long SECOND = 1_000_000_000;
    private static final ExchangeFrame ATTACHED = new ExchangeFrame(
            Jobs.header(1).setAttached(Attached.getDefaultInstance()).build());

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

    @SuppressWarnings("NullAway.Init")
    private ServedShards shards;

    @SuppressWarnings("NullAway.Init")
    private ManagedChannel channel;

    @SuppressWarnings("NullAway.Init")
    private ExchangeMemory memory;

    @BeforeEach
    void start() throws IOException {
        Optional<ExchangeMemory> shared = ExchangeMemory.create(List.of(SLOTS), 4096);
        assumeTrue(shared.isPresent(), "this machine has no memory that processes can share");
        memory = shared.get();
        shards = new ServedShards(new ParameterServerMetrics(meters));
        channel = shards.channel(options -> options);
        shards.open(Jobs.synchronous(1, Path.of("unused")), 1);
    }

    @AfterEach
    void stop() throws InterruptedException {
        if (shards != null) {
            shards.close();
            memory.close();
        }
    }

    /** Also shows that a shard which found no room goes on once there is: there are more chunks than slots. */
    @Test
    void stepsAreTakenThroughSharedMemory() throws Exception {
        RawClient stream = open();
        for (int chunk = 0; chunk < CHUNKS; chunk++) {
            assertThat(receive().getStep()).isZero();
        }
        stream.send(ATTACHED);
        for (int step = 1; step <= 50; step++) {
            for (int chunk = CHUNKS - 1; chunk >= 0; chunk--) {
                send(push(step, chunk));
            }
            for (int chunk = 0; chunk < CHUNKS; chunk++) {
                FrameHeader answer = receive();
                assertThat(answer.hasChunk()).isTrue();
                assertThat(answer.getStep()).isEqualTo(step);
            }
        }
        assertThat(meters.counter("tutti.parameter.server.updates").count()).isEqualTo(50.0 * CHUNKS);
    }

    @Test
    void whatIsRefusedIsSaidThereToo() throws Exception {
        RawClient stream = open();
        for (int chunk = 0; chunk < CHUNKS; chunk++) {
            receive();
        }
        stream.send(ATTACHED);
        send(push(1, 7));

        assertThat(receive().getRefused().getReason())
                .isEqualTo("Shard 0 has chunks 0 to 2, got a gradient of chunk 7");
        assertThat(stream.closed().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertRefused("range");
    }

    @Test
    void whatIsInNoSlotIsRefused() throws Exception {
        RawClient stream = open();
        for (int chunk = 0; chunk < CHUNKS; chunk++) {
            receive();
        }
        stream.send(ATTACHED);
        send(new ExchangeFrame(push(1, 0).header().toBuilder()
                .setSharedPayload(SharedPayload.newBuilder().setSlot(SLOTS))
                .build()));

        assertThat(receive().getRefused().getReason()).isEqualTo("Malformed Exchange frame: a payload in slot 2 of 2");
        assertThat(stream.closed().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertRefused("malformed");
    }

    @Test
    void framesBesideTheSharedMemoryAreRefused() throws Exception {
        RawClient stream = open();
        stream.send(ATTACHED);
        stream.send(new ExchangeFrame(
                Jobs.header(1).setPull(Pull.getDefaultInstance()).build()));

        assertThat(stream.closed().getDescription())
                .isEqualTo("Malformed Exchange frame: a frame beside the shared memory that all frames go through");
        assertRefused("malformed");
    }

    @Test
    void memoryThatIsNotThereIsRefused() throws Exception {
        RawClient without = new RawClient(channel);
        without.send(new ExchangeFrame(Jobs.open(1, 0)));
        without.send(ATTACHED);
        assertThat(without.closed().getDescription())
                .isEqualTo("Frames through shared memory, which is not there, or already used");
        assertRefused("contract");

        RawClient payload = new RawClient(channel);
        payload.send(new ExchangeFrame(Jobs.open(1, 0)));
        payload.send(new ExchangeFrame(push(1, 0).header().toBuilder()
                .setSharedPayload(SharedPayload.getDefaultInstance())
                .build()));
        assertThat(payload.closed().getDescription())
                .isEqualTo("Malformed Exchange frame: a payload in shared memory, of a frame that is not");
        assertRefused("malformed");
    }

    private RawClient open() throws IOException {
        RawClient stream = new RawClient(channel);
        FrameHeader open = Jobs.open(1, 0);
        stream.send(new ExchangeFrame(open.toBuilder()
                .setOpen(open.getOpen().toBuilder()
                        .setSharedMemory(memory.parts().getFirst().description()))
                .build()));
        return stream;
    }

    private SharedMemoryLink link() {
        return memory.parts().getFirst().link();
    }

    private static ExchangeFrame push(long step, int chunk) {
        float[] ones = Jobs.constant(chunk == CHUNKS - 1 ? 15 : 16, 1);
        return new ExchangeFrame(
                Jobs.push(1, step, chunk, 0, 1, ones).header(),
                Payload.view(Arena.ofAuto().allocateFrom(ValueLayout.JAVA_FLOAT, ones)));
    }

    private void send(ExchangeFrame frame) throws InterruptedException {
        while (true) {
            int seen = memory.bell().rings();
            if (link().send(frame)) {
                return;
            }
            memory.bell().await(seen, SECOND);
        }
    }

    private FrameHeader receive() throws Exception {
        while (true) {
            int seen = memory.bell().rings();
            Optional<ExchangeFrame> frame = link().receive();
            if (frame.isPresent()) {
                frame.get().close();
                return frame.get().header();
            }
            memory.bell().await(seen, SECOND);
        }
    }

    private void assertRefused(String reason) {
        assertThat(meters.counter("tutti.parameter.server.refusals", "reason", reason)
                        .count())
                .isEqualTo(1);
        assertThat(meters.counter("tutti.parameter.server.updates").count()).isZero();
    }
}
