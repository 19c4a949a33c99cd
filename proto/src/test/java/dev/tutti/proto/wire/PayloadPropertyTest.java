package dev.tutti.proto.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PayloadPropertyTest {
    @Test
    void sumsAndCopiesDoNotDependOnWhereTheBuffersWereCut() {
        for (long seed = 0; seed < 500; seed++) {
            Random random = new Random(seed);
            float[] received = floats(random, random.nextInt(3000) + 1);
            float[] before = floats(random, received.length);
            try (Arena arena = Arena.ofConfined();
                    Payload payload = payload(random, received)) {
                MemorySegment sum = arena.allocateFrom(ValueLayout.JAVA_FLOAT, before);
                payload.addTo(sum);
                MemorySegment copy = arena.allocate(sum.byteSize(), Float.BYTES);
                payload.copyTo(copy);

                assertThat(copy.toArray(ValueLayout.JAVA_FLOAT))
                        .as("seed %d", seed)
                        .isEqualTo(received);
                assertThat(sum.toArray(ValueLayout.JAVA_FLOAT))
                        .as("seed %d", seed)
                        .isEqualTo(sum(before, received));
            }
        }
    }

    @Test
    void bytesCanBeReadFromAnywhere() {
        Random random = new Random(1);
        float[] received = floats(random, 100);
        byte[] expected = bytes(received);
        Payload payload = payload(random, received);
        for (int i = 0; i < 200; i++) {
            int first = random.nextInt(expected.length);
            int count = random.nextInt(expected.length - first + 1);
            byte[] copy = new byte[count + 2];
            payload.copyBytes(first, copy, 1, count);
            assertThat(ByteBuffer.wrap(copy, 1, count)).isEqualTo(ByteBuffer.wrap(expected, first, count));
        }
        assertThatThrownBy(() -> payload.copyBytes(399, new byte[8], 0, 2))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void bytesCanBeReadInOrderInPiecesOfAnySize() {
        for (long seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            float[] received = floats(random, random.nextInt(500) + 1);
            byte[] expected = bytes(received);
            PayloadReader reader = payload(random, received).reader();
            for (int done = 0; done < expected.length; ) {
                int count = random.nextInt(expected.length - done + 1);
                byte[] piece = new byte[count];
                reader.read(piece, count);
                assertThat(ByteBuffer.wrap(piece))
                        .as("seed %d, byte %d", seed, done)
                        .isEqualTo(ByteBuffer.wrap(expected, done, count));
                done += count;
            }
            assertThatThrownBy(() -> reader.read(new byte[1], 1)).isInstanceOf(NoSuchElementException.class);
        }
    }

    @Test
    void aTargetOfAnotherSizeIsRefused() {
        Payload payload = payload(new Random(2), new float[4]);
        MemorySegment target = MemorySegment.ofArray(new float[5]);
        assertThatThrownBy(() -> payload.addTo(target)).hasMessage("The payload has 16 bytes, its target 20");
        assertThatThrownBy(() -> Payload.none().copyTo(target)).hasMessage("The payload has 0 bytes, its target 20");
    }

    private static Payload payload(Random random, float[] elements) {
        byte[] bytes = bytes(elements);
        List<ByteBuffer> slices = new ArrayList<>();
        for (int at = 0; at < bytes.length; ) {
            int size = Math.min(random.nextBoolean() ? random.nextInt(6) : random.nextInt(5000), bytes.length - at);
            slices.add(ByteBuffer.allocateDirect(size).put(bytes, at, size).flip());
            at += size;
        }
        return new ReceivedPayload(slices, () -> {});
    }

    private static byte[] bytes(float[] elements) {
        ByteBuffer bytes = ByteBuffer.allocate(elements.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(elements);
        return bytes.array();
    }

    private static float[] floats(Random random, int count) {
        float[] floats = new float[count];
        for (int i = 0; i < count; i++) {
            floats[i] = (float) random.nextGaussian();
        }
        return floats;
    }

    private static float[] sum(float[] left, float[] right) {
        float[] sum = new float[left.length];
        for (int i = 0; i < sum.length; i++) {
            sum[i] = left[i] + right[i];
        }
        return sum;
    }
}
