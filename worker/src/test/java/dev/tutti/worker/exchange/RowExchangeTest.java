package dev.tutti.worker.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tutti.proto.job.ConsistencyModel;
import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.v1.ExchangeEncodings;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.v1.ShardMap;
import dev.tutti.proto.v1.ShardRange;
import dev.tutti.proto.v1.TensorPlacement;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.Payload;
import dev.tutti.proto.wire.encoding.ChunkEncoding;
import dev.tutti.proto.wire.encoding.PlainFloats;
import dev.tutti.proto.wire.encoding.SparseRows;
import dev.tutti.tensor.backend.ParameterBuffers;
import dev.tutti.worker.metrics.WorkerMetrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One chunk of ten rows of two, and one without rows of three elements. */
@Timeout(60)
class RowExchangeTest {
    private static final int ROWS = 20;
    private static final int ELEMENTS = 23;

    private final WorkerMetrics metrics = new WorkerMetrics(new SimpleMeterRegistry());
    private final Arena arena = Arena.ofConfined();
    private final ParameterBuffers buffers =
            new ParameterBuffers(arena.allocate(4L * ELEMENTS, 64), arena.allocate(4L * ELEMENTS, 64));

    private record Pushed(FrameHeader header, long bytes, MemorySegment values) {
        float value(int element) {
            return values.getAtIndex(ValueLayout.JAVA_FLOAT, element);
        }
    }

    @AfterEach
    void free() {
        arena.close();
    }

    @Test
    void rowsThatComeTakeTheirPlaceAmongThoseThatAreThere() throws Exception {
        try (ScriptedShard shard = new ScriptedShard((call, frame) -> {
                    call.sendMessage(ScriptedShard.chunk(frame.header(), 0, 6, ROWS, 6f));
                    call.sendMessage(ScriptedShard.chunk(frame.header(), 1, 6, 3, 6f));
                    call.sendMessage(rows(frame.header(), 7, 6, 3, 9));
                    call.sendMessage(ScriptedShard.chunk(frame.header(), 1, 7, 3, 7f));
                });
                ParameterExchange exchange = ParameterExchange.open(target(shard.endpoint()), buffers, metrics)) {
            exchange.awaitVersion(6);
            exchange.awaitVersion(7);

            float[] parameters = buffers.parameters().toArray(ValueLayout.JAVA_FLOAT);
            for (int i = 0; i < ELEMENTS; i++) {
                assertThat(parameters[i]).isEqualTo(i / 2 == 3 || i / 2 >= 9 ? 7f : 6f);
            }
        }
    }

    @Test
    void rowsThatGoWithAnotherVersionThanTheOneInPlaceAreRefused() throws Exception {
        try (ScriptedShard shard = new ScriptedShard((call, frame) -> {
                    call.sendMessage(ScriptedShard.chunk(frame.header(), 0, 6, ROWS, 6f));
                    call.sendMessage(rows(frame.header(), 8, 7, 3, 9));
                });
                ParameterExchange exchange = ParameterExchange.open(target(shard.endpoint()), buffers, metrics)) {
            ExchangeEndedException ended =
                    catchThrowableOfType(ExchangeEndedException.class, () -> exchange.awaitVersion(8));

            assertThat(ended.end().sentence())
                    .contains("in chunk 0 expected rows that have changed since version 6, got those since version 7");
        }
    }

    @Test
    void onlyRowsThatASumTouchesTravelAndAllOfThemIfThereAreMany() throws Exception {
        BlockingQueue<Pushed> pushes = new LinkedBlockingQueue<>();
        try (ScriptedShard shard = new ScriptedShard((call, frame) -> {
                    if (frame.header().hasPush()) {
                        pushes.add(pushed(frame));
                    } else {
                        call.sendMessage(ScriptedShard.chunk(frame.header(), 0, 6, ROWS, 6f));
                        call.sendMessage(ScriptedShard.chunk(frame.header(), 1, 6, 3, 6f));
                    }
                    call.request(1);
                });
                ParameterExchange exchange = ParameterExchange.open(target(shard.endpoint()), buffers, metrics)) {
            exchange.awaitVersion(6);
            slice(exchange, 1, 0, 4, 5, 18);
            slice(exchange, 1, 1, 4, 10);
            Pushed sum = pushes.take();
            assertThat(sum.header.getPush().getEncoding()).isEqualTo(Encoding.ENCODING_ROWS_F32);
            assertThat(sum.bytes).isEqualTo(3 * (4 + 2 * 4));
            assertThat(sum.value(4)).isEqualTo(2);
            assertThat(sum.value(5)).isEqualTo(1);
            assertThat(sum.value(18)).isEqualTo(1);
            assertThat(sum.value(10)).isEqualTo(1);
            assertThat(pushes.take().bytes).isEqualTo(3 * 4);

            slice(exchange, 2, 0);
            slice(exchange, 2, 1);
            assertThat(pushes.take().bytes).isZero();
            assertThat(pushes.take().bytes).isEqualTo(3 * 4);

            // Seven rows take 84 bytes, all ten without their numbers 80.
            slice(exchange, 3, 0, 0, 2, 4, 6);
            slice(exchange, 3, 1, 8, 10, 12);
            assertThat(pushes.take().header.getPush().getEncoding()).isEqualTo(Encoding.ENCODING_F32);
        }
    }

    /** @param ones elements of the gradient that are 1, all others being zeros of either sign */
    private void slice(ParameterExchange exchange, long step, int slice, int... ones) {
        for (int i = 0; i < ELEMENTS; i++) {
            buffers.gradients().setAtIndex(ValueLayout.JAVA_FLOAT, i, i % 2 == 0 ? -0f : 0f);
        }
        for (int one : ones) {
            buffers.gradients().setAtIndex(ValueLayout.JAVA_FLOAT, one, 1);
        }
        exchange.push(SliceRun.empty(step, slice, 1), Fragment.WHOLE);
    }

    private static Pushed pushed(ExchangeFrame frame) {
        int chunk = frame.header().getPush().getChunk();
        MemorySegment values = MemorySegment.ofArray(new float[chunk == 0 ? ROWS : ELEMENTS - ROWS]);
        ChunkEncoding.reading(frame.header().getPush().getEncoding(), 2)
                .orElseThrow()
                .copyTo(frame.payload(), values);
        return new Pushed(frame.header(), frame.payload().byteSize(), values);
    }

    /** Two rows of the first chunk, all their elements the version. */
    private static ExchangeFrame rows(FrameHeader request, long version, long basedOn, int first, int second) {
        ExchangeFrame whole = ScriptedShard.chunk(request, 0, version, ROWS, (float) version);
        float[] values = new float[ROWS];
        whole.payload().copyTo(MemorySegment.ofArray(values));
        BitSet changed = new BitSet();
        changed.set(first);
        changed.set(second);
        SparseRows encoding = new SparseRows(2, new PlainFloats());
        MemorySegment bytes = MemorySegment.ofArray(new byte[(int) encoding.maxByteSize(ROWS)]);
        long size = encoding.encode(MemorySegment.ofArray(values), changed, bytes);
        FrameHeader.Builder header = whole.header().toBuilder();
        header.getChunkBuilder().setEncoding(encoding.id()).setBasedOn(basedOn);
        return new ExchangeFrame(header.build(), Payload.view(bytes.asSlice(0, size)));
    }

    private static ExchangeTarget target(String endpoint) {
        ShardMap map = ShardMap.newBuilder()
                .addTensors(TensorPlacement.newBuilder()
                        .setName("table")
                        .addShape(10)
                        .addShape(2)
                        .setRowWidth(2))
                .addTensors(TensorPlacement.newBuilder()
                        .setName("bias")
                        .addShape(ELEMENTS - ROWS)
                        .setOffset(ROWS))
                .addShards(ShardRange.newBuilder()
                        .setServer("server")
                        .setEndpoint(endpoint)
                        .setEnd(ELEMENTS))
                .setChunkElements(100)
                .build();
        return new ExchangeTarget(
                "job-1",
                3,
                "worker-1",
                map,
                2,
                0,
                2,
                1,
                6,
                new ConsistencyModel.Synchronous(0),
                Optional.empty(),
                ExchangeEncodings.getDefaultInstance(),
                true);
    }
}
