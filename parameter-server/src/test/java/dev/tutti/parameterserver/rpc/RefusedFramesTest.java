package dev.tutti.parameterserver.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import dev.tutti.parameterserver.shard.Jobs;
import dev.tutti.parameterserver.shard.SerialShard;
import dev.tutti.proto.v1.Fenced;
import dev.tutti.proto.v1.Frame;
import dev.tutti.proto.v1.Pull;
import dev.tutti.proto.wire.ExchangeFrame;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A shard as a node serves it, over loopback: what it must not take in changes no bit of it, is told what was expected, and is counted. */
@Timeout(60)
class RefusedFramesTest {
    private static final int MAX_MESSAGE_BYTES = 16 << 20;

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final ParameterServerMetrics metrics = new ParameterServerMetrics(meters);

    @SuppressWarnings("NullAway.Init")
    private ServedShards shards;

    @SuppressWarnings("NullAway.Init")
    private ManagedChannel channel;

    @SuppressWarnings("NullAway.Init")
    private SerialShard shard;

    @BeforeEach
    void start() throws IOException {
        shards = new ServedShards(metrics);
        channel = shards.channel(UnaryOperator.identity());
        shard = shards.open(Jobs.synchronous(1, Path.of("unused")), 2);
    }

    @AfterEach
    void stop() throws InterruptedException {
        shards.close();
    }

    @Test
    void aBitThatFlippedOnTheWay() throws Exception {
        float[] before = parameters();
        RawClient client = joined();
        byte[] push = RawClient.bytes(push(0, 16));
        // In the payload, which ends five bytes before the frame does.
        push[push.length - 9] ^= 0x10;
        client.send(push);

        Status end = client.closed();
        // As a lost connection: the worker does the step again.
        assertThat(end.getCode()).isEqualTo(Status.Code.DATA_LOSS);
        assertThat(end.getDescription())
                .matches("Malformed Exchange frame: a payload whose CRC-32C is [0-9a-f]{8}, expected [0-9a-f]{8}");
        assertRefusedOnly("checksum", before);
    }

    @Test
    void bytesThatAreNoFrame() throws Exception {
        float[] before = parameters();
        RawClient client = joined();
        client.send(new byte[] {10, 127, 1, 2, 3});

        assertThat(client.take().getHeader().getRefused().getReason())
                .isEqualTo("Malformed Exchange frame: a field of 127 bytes where 3 are left");
        assertRefusedOnly("malformed", before);
    }

    @Test
    void moreBytesThanAChunkHasInAnyEncoding() throws Exception {
        float[] before = parameters();
        RawClient client = joined();
        client.send(push(0, 34));

        assertThat(client.take().getHeader().getRefused().getReason())
                .isEqualTo("Gradient of chunk 0: expected 132 bytes at most, got 136");
        assertRefusedOnly("oversized", before);
    }

    @Test
    void moreBytesThanTheServerReads() throws Exception {
        float[] before = parameters();
        RawClient client = joined();
        client.send(push(0, MAX_MESSAGE_BYTES / Float.BYTES));

        assertThat(client.closed().isOk()).isFalse();
        assertRefusedOnly("oversized", before);
    }

    @Test
    void aGradientLongerOrShorterThanItsChunk() throws Exception {
        float[] before = parameters();
        RawClient client = joined();
        client.send(push(0, 17));

        assertThat(client.take().getHeader().getRefused().getReason())
                .isEqualTo("Gradient of chunk 0: expected 64 bytes of f32, got 68");
        assertRefusedOnly("payload", before);
    }

    @Test
    void anotherGeneration() throws Exception {
        float[] before = parameters();
        RawClient client = joined();
        client.send(Jobs.push(1, 1, 0, 0, 1, Jobs.constant(16, 1)));

        assertThat(client.take().getHeader().getFenced())
                .isEqualTo(Fenced.newBuilder()
                        .setExpectedGeneration(2)
                        .setGotGeneration(1)
                        .build());
        assertRefusedOnly("generation", before);
    }

    @Test
    void aChunkOutsideOfTheShardsRange() throws Exception {
        for (int chunk : new int[] {3, Integer.MAX_VALUE, -1}) {
            float[] before = parameters();
            double counted = outOfRange();
            RawClient client = joined();
            client.send(push(chunk, 16));

            assertThat(client.take().getHeader().getRefused().getReason())
                    .isEqualTo("Shard 0 has chunks 0 to 2, got a gradient of chunk " + Integer.toUnsignedString(chunk));
            assertThat(client.closed().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
            assertThat(parameters()).containsExactly(before);
            assertThat(outOfRange()).isEqualTo(counted + 1);
        }
    }

    @Test
    void aFrameForAnotherShard() throws Exception {
        float[] before = parameters();
        RawClient client = joined();
        ExchangeFrame push = push(0, 16);
        client.send(new ExchangeFrame(push.header().toBuilder().setShard(1).build(), push.payload()));

        assertThat(client.take().getHeader().getRefused().getReason())
                .isEqualTo("A frame for shard 1 of job job-1 on the stream of shard 0 of job job-1");
        assertRefusedOnly("shard", before);
    }

    @Test
    void aGradientOfAStepThatHasNotBegun() throws Exception {
        float[] before = parameters();
        RawClient client = joined();
        client.send(Jobs.push(2, 7, 0, 0, 1, Jobs.constant(16, 1)));

        assertThat(client.take().getHeader().getRefused().getReason())
                .isEqualTo("A gradient of step 7 for chunk 0 while step 1 is not complete");
        assertRefusedOnly("contract", before);
    }

    @Test
    void whatIsIntactIsAppliedAfterwards() throws Exception {
        float[] before = parameters();
        RawClient broken = joined();
        broken.send(push(9, 16));
        assertThat(broken.closed().isOk()).isFalse();

        RawClient client = joined();
        client.send(push(0, 16));

        assertThat(client.take().getHeader().getStep()).isEqualTo(1);
        assertThat(parameters()[0]).isEqualTo(before[0] - 0.5f);
    }

    /** In generation 2; has had the parameters. */
    private RawClient joined() throws Exception {
        RawClient client = new RawClient(channel);
        client.send(new ExchangeFrame(Jobs.open(2, 0)));
        for (int chunk = 0; chunk < 3; chunk++) {
            assertThat(client.take().getHeader().hasChunk()).isTrue();
        }
        return client;
    }

    /** Of the first step's only slice. */
    private static ExchangeFrame push(int chunk, int elements) {
        return Jobs.push(2, 1, chunk, 0, 1, Jobs.constant(elements, 1));
    }

    /** As a worker gets them that asks now. */
    private float[] parameters() throws Exception {
        RawClient client = joined();
        client.send(new ExchangeFrame(
                Jobs.header(2).setPull(Pull.getDefaultInstance()).build()));
        float[] flat = new float[47];
        for (int i = 0; i < 3; i++) {
            Frame frame = client.take();
            int chunk = frame.getHeader().getChunk().getChunk();
            ByteBuffer elements = frame.getPayload().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
            elements.asFloatBuffer().get(flat, chunk * 16, chunk == 2 ? 15 : 16);
        }
        return flat;
    }

    private void assertRefusedOnly(String reason, float... before) throws Exception {
        assertThat(parameters()).containsExactly(before);
        CompletableFuture<Long> step = new CompletableFuture<>();
        shard.execute(open -> step.complete(open.completeStep()), () -> step.complete(-1L));
        assertThat(step.get()).isZero();
        assertThat(meters.counter("tutti.parameter.server.updates").count()).isZero();
        assertThat(refusals())
                .allSatisfy((why, count) -> assertThat(count).as(why).isEqualTo(why.equals(reason) ? 1.0 : 0.0));
    }

    private double outOfRange() {
        return meters.counter("tutti.parameter.server.refusals", "reason", "range")
                .count();
    }

    private Map<String, Double> refusals() {
        return meters.find("tutti.parameter.server.refusals").counters().stream()
                .collect(Collectors.toMap(
                        counter -> String.valueOf(counter.getId().getTag("reason")), Counter::count));
    }
}
