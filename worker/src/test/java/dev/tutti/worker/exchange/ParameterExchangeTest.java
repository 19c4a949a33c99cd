package dev.tutti.worker.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tutti.proto.job.ConsistencyModel;
import dev.tutti.proto.v1.Decision;
import dev.tutti.proto.v1.ExchangeEncodings;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.v1.Refused;
import dev.tutti.proto.v1.ShardMap;
import dev.tutti.proto.v1.ShardRange;
import dev.tutti.proto.v1.TensorPlacement;
import dev.tutti.proto.v1.Vote;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.Payload;
import dev.tutti.proto.wire.StepRule;
import dev.tutti.tensor.backend.ParameterBuffers;
import dev.tutti.worker.metrics.WorkerMetrics;
import io.grpc.ServerCall;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ParameterExchangeTest {
    private final WorkerMetrics metrics = new WorkerMetrics(new SimpleMeterRegistry());

    private final Arena arena = Arena.ofConfined();

    @AfterEach
    void free() {
        arena.close();
    }

    @Test
    void aChunkThatIsAheadWaitsForItsStep() throws Exception {
        try (ScriptedShard shard = new ScriptedShard((call, frame) -> {
            call.sendMessage(ScriptedShard.chunk(frame.header(), 0, 6, 10, 6f));
            call.sendMessage(ScriptedShard.chunk(frame.header(), 0, 7, 10, 7f));
            call.sendMessage(ScriptedShard.chunk(frame.header(), 1, 6, 4, 60f));
        })) {
            ParameterBuffers buffers = buffers(14);
            try (ParameterExchange exchange =
                    ParameterExchange.open(target(shard.endpoint(), 14, 10, 6), buffers, metrics)) {
                exchange.awaitVersion(6);
                assertThat(first(buffers, 0)).isEqualTo(6f);
                assertThat(first(buffers, 10)).isEqualTo(60f);
                assertThat(exchange.newestVersion()).isEqualTo(6);
                assertThat(exchange.takeWaitedNanos()).isPositive();
                assertThat(exchange.takeWaitedNanos()).isZero();
            }
        }
    }

    @Test
    void aWorkerThatIsNotWaitedForGoesOnWithTheNewestVersion() throws Exception {
        try (ScriptedShard shard = new ScriptedShard((call, frame) -> {
            call.sendMessage(ScriptedShard.chunk(frame.header(), 0, 6, 10, 6f));
            call.sendMessage(ScriptedShard.chunk(frame.header(), 0, 8, 10, 8f));
            call.sendMessage(ScriptedShard.chunk(frame.header(), 1, 6, 4, 60f));
            call.sendMessage(ScriptedShard.chunk(frame.header(), 1, 7, 4, 70f));
            call.sendMessage(ScriptedShard.chunk(frame.header(), 1, 8, 4, 80f));
        })) {
            ParameterBuffers buffers = buffers(14);
            try (ParameterExchange exchange =
                    ParameterExchange.open(target(shard.endpoint(), 14, 10, 6), buffers, metrics)) {
                assertThat(exchange.awaitNewest(6)).isEqualTo(8);
                assertThat(first(buffers, 0)).isEqualTo(8f);
                assertThat(first(buffers, 10)).isEqualTo(80f);
            }
        }
    }

    @Test
    void whatTheShardRefusesEndsTheExchangeWithItsReason() throws Exception {
        assertThat(endAfter(header -> new ExchangeFrame(header.toBuilder()
                        .setRefused(Refused.newBuilder().setReason("chunk 9 of 2"))
                        .build())))
                .isEqualTo(new ExchangeEnd.Refused(0, "chunk 9 of 2"));
    }

    @Test
    void aChunkOfTheWrongSizeOrGenerationIsRefusedByTheWorker() throws Exception {
        assertThat(endAfter(header -> ScriptedShard.chunk(header, 0, 6, 9, 1f)).sentence())
                .contains("in chunk 0 expected 40 bytes of f32, got 36");
        assertThat(endAfter(header -> ScriptedShard.chunk(header, 2, 6, 10, 1f)).sentence())
                .contains("expected one of 2 chunks, got chunk 2");
        assertThat(endAfter(header -> ScriptedShard.chunk(
                                header.toBuilder().setGeneration(8).build(), 0, 6, 10, 1f))
                        .sentence())
                .contains("expected job job-1 generation 3, got job job-1 generation 8");
    }

    @Test
    void aShardThatIsNotThereIsALostConnection() {
        try (ParameterExchange exchange =
                ParameterExchange.open(target("127.0.0.1:1", 14, 10, 0), buffers(14), metrics)) {
            ExchangeEndedException ended =
                    catchThrowableOfType(ExchangeEndedException.class, () -> exchange.awaitVersion(0));

            assertThat(ended.end()).isInstanceOf(ExchangeEnd.ConnectionLost.class);
            assertThat(ended.end().sentence()).startsWith("the connection to shard 0 at 127.0.0.1:1 was lost: ");
        }
    }

    @Test
    void gradientsThatASlowShardReadsLateArriveAsTheyWereWhenPushed() throws Exception {
        int elements = 1 << 20;
        int batches = 8;
        List<float[]> received = new CopyOnWriteArrayList<>();
        CompletableFuture<ServerCall<ExchangeFrame, ExchangeFrame>> opened = new CompletableFuture<>();
        try (ScriptedShard shard = new ScriptedShard((call, frame) -> {
            if (frame.header().hasPush()) {
                received.add(floats(frame.payload()));
                call.sendMessage(ScriptedShard.chunk(frame.header(), 0, received.size(), elements, 0f));
            } else {
                call.sendMessage(ScriptedShard.chunk(frame.header(), 0, 0, elements, 0f));
                opened.complete(call);
            }
        })) {
            ParameterBuffers buffers = buffers(elements);
            try (ParameterExchange exchange =
                    ParameterExchange.open(target(shard.endpoint(), elements, elements, 0), buffers, metrics)) {
                exchange.awaitVersion(0);
                pushBatches(exchange, buffers, elements, batches);
                opened.get().request(batches);
                exchange.awaitReplies();
            }
            assertThat(received).hasSize(batches);
            for (int batch = 0; batch < batches; batch++) {
                float expected = batch;
                float[] got = received.get(batch);
                assertThat(IntStream.range(0, elements).allMatch(i -> got[i] == expected + i))
                        .as("batch %d", batch)
                        .isTrue();
            }
        }
    }

    /** The gradient memory is overwritten for each batch, as a program does. */
    private static void pushBatches(ParameterExchange exchange, ParameterBuffers buffers, int elements, int batches) {
        for (int batch = 0; batch < batches; batch++) {
            for (int i = 0; i < elements; i++) {
                buffers.gradients().setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) batch + i);
            }
            exchange.beginBatch(0, batch, 1);
            exchange.gradientReady(0);
        }
    }

    @Test
    void aVoteIsAnsweredWithTheDecisionItLeadsTo() throws Exception {
        CompletableFuture<Decision> decided = new CompletableFuture<>();
        try (ScriptedShard shard = new ScriptedShard((call, frame) -> {
            FrameHeader header = frame.header();
            if (header.hasDecision()) {
                decided.complete(header.getDecision());
                call.sendMessage(ScriptedShard.chunk(header, 0, 7, 10, 7f));
            } else {
                call.sendMessage(ScriptedShard.chunk(header, 0, 6, 10, 6f));
                call.sendMessage(vote(header, true));
                call.request(1);
            }
        })) {
            ExchangeTarget target = deciding(target(shard.endpoint(), 10, 10, 6), true);
            try (ParameterExchange exchange = ParameterExchange.open(target, buffers(10), metrics)) {
                exchange.awaitVersion(6);
                exchange.awaitVersion(7);
            }
            assertThat(decided.get())
                    .isEqualTo(Decision.newBuilder().setFactor(1).build());
        }
    }

    @Test
    void sumsThatOverflowWithoutALossScaleEndTheJob() throws Exception {
        try (ScriptedShard shard = new ScriptedShard((call, frame) -> call.sendMessage(vote(frame.header(), false)));
                ParameterExchange exchange = ParameterExchange.open(
                        deciding(target(shard.endpoint(), 10, 10, 6), false), buffers(10), metrics)) {
            assertThat(catchThrowableOfType(ExchangeEndedException.class, () -> exchange.awaitVersion(7))
                            .end()
                            .sentence())
                    .isEqualTo("the gradients of step 7 overflow when they are summed over all slices");
        }
    }

    @Test
    void aVoteNobodyAskedForIsRefused() throws Exception {
        assertThat(endAfter(header -> vote(header, true)).sentence())
                .contains("it voted, in a job whose shards decide for themselves");
    }

    private static ExchangeFrame vote(FrameHeader request, boolean finite) {
        return new ExchangeFrame(request.toBuilder()
                .setStep(7)
                .setVote(Vote.newBuilder().setFinite(finite).setLossScale(1))
                .build());
    }

    private static ExchangeTarget deciding(ExchangeTarget target, boolean scaled) {
        return new ExchangeTarget(
                target.job(),
                target.generation(),
                target.worker(),
                target.shardMap(),
                target.slices(),
                target.sliceBegin(),
                target.sliceEnd(),
                target.workers(),
                target.startStep(),
                target.model(),
                Optional.of(new StepRule(scaled, 1)),
                target.encodings(),
                target.sharesMemory());
    }

    private ExchangeEnd endAfter(Function<FrameHeader, ExchangeFrame> answer) throws Exception {
        try (ScriptedShard shard = new ScriptedShard((call, frame) -> call.sendMessage(answer.apply(frame.header())));
                ParameterExchange exchange =
                        ParameterExchange.open(target(shard.endpoint(), 14, 10, 6), buffers(14), metrics)) {
            return catchThrowableOfType(ExchangeEndedException.class, () -> exchange.awaitVersion(6))
                    .end();
        }
    }

    private ParameterBuffers buffers(int elements) {
        return new ParameterBuffers(arena.allocate(4L * elements, 64), arena.allocate(4L * elements, 64));
    }

    private static ExchangeTarget target(String endpoint, int elements, int chunkElements, long startStep) {
        ShardMap map = ShardMap.newBuilder()
                .addTensors(TensorPlacement.newBuilder().setName("w").addShape(elements))
                .addShards(ShardRange.newBuilder()
                        .setServer("server")
                        .setEndpoint(endpoint)
                        .setEnd(elements))
                .setChunkElements(chunkElements)
                .build();
        return new ExchangeTarget(
                "job-1",
                3,
                "worker-1",
                map,
                1,
                0,
                1,
                1,
                startStep,
                new ConsistencyModel.Synchronous(0),
                Optional.empty(),
                ExchangeEncodings.getDefaultInstance(),
                true);
    }

    private static float first(ParameterBuffers buffers, int element) {
        return buffers.parameters().getAtIndex(ValueLayout.JAVA_FLOAT, element);
    }

    private static float[] floats(Payload payload) {
        float[] floats = new float[(int) (payload.byteSize() / 4)];
        payload.copyTo(MemorySegment.ofArray(floats));
        return floats;
    }
}
