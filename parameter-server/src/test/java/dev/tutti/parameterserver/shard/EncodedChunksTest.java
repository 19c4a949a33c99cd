package dev.tutti.parameterserver.shard;

import static dev.tutti.parameterserver.shard.Jobs.constant;
import static dev.tutti.parameterserver.shard.Jobs.open;
import static dev.tutti.parameterserver.shard.Jobs.push;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Precision;
import dev.tutti.proto.v1.Pull;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.Payload;
import dev.tutti.proto.wire.encoding.BlockwiseBytes;
import dev.tutti.proto.wire.encoding.ChunkEncoding;
import dev.tutti.proto.wire.encoding.HalfFloats;
import dev.tutti.proto.wire.encoding.LargestElements;
import dev.tutti.proto.wire.encoding.PlainFloats;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What gradients come as, and what parameters go out as. */
class EncodedChunksTest {
    private static final Path NOWHERE = Path.of("unused");
    private static final float RATE = 0.5f;

    private final RecordingStream stream = new RecordingStream();

    @Test
    void gradientsOfAnyEncodingAreAppliedAsTheyAreRead() {
        for (ChunkEncoding encoding : List.of(
                new PlainFloats(),
                new HalfFloats(Encoding.ENCODING_BF16),
                new HalfFloats(Encoding.ENCODING_F16),
                new BlockwiseBytes(),
                new LargestElements(0.25))) {
            RecordingStream worker = new RecordingStream();
            Shard shard = shard(Jobs.synchronous(2, NOWHERE));
            shard.open(worker, open(1, 0));
            float[] before = worker.parameters(0);
            float[] left = new float[16];
            float[] right = new float[16];
            for (int i = 0; i < 16; i++) {
                left[i] = i * 0.37f;
                right[i] = 3 - i * 0.11f;
            }
            ExchangeFrame first = encoded(push(1, 1, 0, 0, 1, left), encoding, left);
            ExchangeFrame second = encoded(push(1, 1, 0, 1, 2, right), encoding, right);
            float[] readLeft = read(first);
            float[] readRight = read(second);

            shard.receive(worker, first);
            shard.receive(worker, second);

            float[] after = worker.parameters(0);
            for (int i = 0; i < 16; i++) {
                assertThat(after[i])
                        .as("%s, element %d", encoding.id(), i)
                        .isEqualTo(before[i] - RATE * (readLeft[i] + readRight[i]));
            }
        }
    }

    @Test
    void parametersTravelAsTheJobSaysAndTheLastOnesExactly() {
        Shard shard = shard(withParameters(
                Precision.PRECISION_BF16,
                training ->
                        training.getTrainingBuilder().getConsistencyBuilder().getSynchronousBuilder()));
        shard.open(stream, open(1, 0));
        for (int step = 1; step <= Jobs.STEPS; step++) {
            stream.received.clear();
            shard.receive(stream, push(1, step, 0, 0, 1, constant(16, 0.001f)));
            Jobs.completeOtherChunks(shard, stream, step, 1);

            assertThat(stream.received)
                    .extracting(received -> received.header().getChunk().getEncoding())
                    .containsOnly(step == Jobs.STEPS ? Encoding.ENCODING_F32 : Encoding.ENCODING_BF16);
        }
        boolean exact = false;
        for (float value : stream.parameters(0)) {
            exact |= (Float.floatToIntBits(value) & 0xffff) != 0;
        }
        assertThat(exact).isTrue();
    }

    @Test
    void whatAWorkerAsksForIsExact() {
        Shard shard = shard(withParameters(
                Precision.PRECISION_F16,
                training ->
                        training.getTrainingBuilder().getConsistencyBuilder().getAsynchronousBuilder()));
        shard.open(stream, open(1, 0));

        shard.receive(stream, Jobs.batch(1, 0, 0, 0, constant(16, 1)));
        assertThat(stream.received.getLast().header().getChunk().getEncoding()).isEqualTo(Encoding.ENCODING_F16);
        FrameHeader pull = Jobs.header(1).setPull(Pull.getDefaultInstance()).build();
        shard.receive(stream, new ExchangeFrame(pull));
        assertThat(stream.received.subList(1, 4))
                .extracting(received -> received.header().getChunk().getEncoding())
                .containsOnly(Encoding.ENCODING_F32);
        shard.receive(stream, Jobs.batch(1, 0, 1, 0, constant(16, 1)));
        assertThat(stream.received.getLast().header().getChunk().getEncoding()).isEqualTo(Encoding.ENCODING_F16);
    }

    @Test
    void bytesThatAreNotTheEncodingsAreRefusedAndNotApplied() {
        Shard shard = shard(Jobs.synchronous(1, NOWHERE));
        shard.open(stream, open(1, 0));
        float[] gradient = constant(16, 1);
        ExchangeFrame bf16 = encoded(push(1, 1, 2, 0, 1, gradient), new HalfFloats(Encoding.ENCODING_BF16), gradient);

        shard.receive(stream, bf16);

        assertThat(stream.refused).isEqualTo("Gradient of chunk 2: expected 30 bytes of bf16, got 32");
        RecordingStream next = new RecordingStream();
        shard.open(next, open(1, 0));
        assertThat(next.takeVersions()).containsExactly("0@0", "1@0", "2@0");
    }

    private static Shard shard(ShardSettings settings) {
        Shard shard =
                new Shard(settings, new ParameterServerMetrics(new SimpleMeterRegistry()), new RecordedCheckpoints());
        shard.fence(1);
        return shard;
    }

    private static ShardSettings withParameters(Precision precision, Consumer<JobSpec.Builder> consistency) {
        return Jobs.settings(1, NOWHERE, spec -> {
            consistency.accept(spec);
            spec.getTrainingBuilder().getExchangeBuilder().setParameters(precision);
        });
    }

    private static ExchangeFrame encoded(ExchangeFrame plain, ChunkEncoding encoding, float[] gradient) {
        FrameHeader.Builder header = plain.header().toBuilder();
        header.getPushBuilder().setEncoding(encoding.id());
        byte[] bytes = new byte[(int) encoding.maxByteSize(gradient.length)];
        long count = encoding.encode(MemorySegment.ofArray(gradient), MemorySegment.ofArray(bytes));
        return new ExchangeFrame(
                header.build(), Payload.view(MemorySegment.ofArray(bytes).asSlice(0, count)));
    }

    private static float[] read(ExchangeFrame frame) {
        MemorySegment values = MemorySegment.ofArray(new float[16]);
        ChunkEncoding.reading(frame.header().getPush().getEncoding())
                .orElseThrow()
                .copyTo(frame.payload(), values);
        return values.toArray(ValueLayout.JAVA_FLOAT);
    }
}
