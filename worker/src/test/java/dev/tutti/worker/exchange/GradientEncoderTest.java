package dev.tutti.worker.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tutti.proto.wire.Payload;
import dev.tutti.proto.wire.encoding.BlockwiseBytes;
import dev.tutti.proto.wire.encoding.ChunkEncoding;
import dev.tutti.proto.wire.encoding.LargestElements;
import dev.tutti.proto.wire.encoding.PlainFloats;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class GradientEncoderTest {
    private static final int ELEMENTS = 500;
    private static final ChunkTable.Chunk SECOND = new ChunkTable.Chunk(1, 0, 1, ELEMENTS, 2 * ELEMENTS, 0);

    /** What has been sent, and what is still to be, is what the gradients were: nothing is lost, it only comes later. */
    @Test
    void whatAnEncodingDropsIsSentLater() {
        for (ChunkEncoding encoding : List.of(new BlockwiseBytes(), new LargestElements(0.01))) {
            try (Arena arena = Arena.ofConfined()) {
                GradientEncoder encoder = new GradientEncoder(encoding, 2L * ELEMENTS * Float.BYTES, arena);
                MemorySegment sent = MemorySegment.ofArray(new float[ELEMENTS]);
                Random random = new Random(3);
                float[] sum = new float[ELEMENTS];
                for (int step = 0; step < 50; step++) {
                    push(encoder, gradient(random, sum), sent);
                }
                for (int step = 0; step < 200; step++) {
                    push(encoder, new float[ELEMENTS], sent);
                }
                float[] received = sent.toArray(ValueLayout.JAVA_FLOAT);
                for (int i = 0; i < ELEMENTS; i++) {
                    assertThat(received[i])
                            .as("%s, element %d", encoding.id(), i)
                            .isCloseTo(sum[i], within(2e-4f));
                }
            }
        }
    }

    @Test
    void aGradientItselfIsNotChanged() {
        try (Arena arena = Arena.ofConfined()) {
            GradientEncoder encoder = new GradientEncoder(new BlockwiseBytes(), 2L * ELEMENTS * Float.BYTES, arena);
            float[] gradient = gradient(new Random(1), new float[ELEMENTS]);
            float[] before = gradient.clone();
            push(encoder, gradient, MemorySegment.ofArray(new float[ELEMENTS]));

            assertThat(gradient).isEqualTo(before);
            assertThat(encoder.isPlain()).isFalse();
            assertThat(new GradientEncoder(new PlainFloats(), 0, arena).isPlain())
                    .isTrue();
        }
    }

    private static void push(GradientEncoder encoder, float[] gradient, MemorySegment sum) {
        byte[] bytes = new byte[Math.toIntExact(encoder.maxByteSize((long) ELEMENTS * Float.BYTES))];
        long written = encoder.encode(SECOND, MemorySegment.ofArray(gradient), MemorySegment.ofArray(bytes));
        ChunkEncoding.reading(encoder.id())
                .orElseThrow()
                .addTo(Payload.view(MemorySegment.ofArray(bytes).asSlice(0, written)), sum);
    }

    private static float[] gradient(Random random, float[] sum) {
        float[] gradient = new float[ELEMENTS];
        for (int i = 0; i < ELEMENTS; i++) {
            gradient[i] = (float) random.nextGaussian();
            sum[i] += gradient[i];
        }
        return gradient;
    }
}
