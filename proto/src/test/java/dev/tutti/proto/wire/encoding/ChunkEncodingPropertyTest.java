package dev.tutti.proto.wire.encoding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.wire.Payload;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ChunkEncodingPropertyTest {
    private static final int SEEDS = 200;

    private static List<ChunkEncoding> all() {
        return List.of(
                new PlainFloats(),
                new HalfFloats(Encoding.ENCODING_BF16),
                new HalfFloats(Encoding.ENCODING_F16),
                new BlockwiseBytes(),
                new LargestElements(0.1));
    }

    @Test
    void whatIsAddedIsWhatIsCopied() {
        for (long seed = 0; seed < SEEDS; seed++) {
            Random random = new Random(seed);
            float[] elements = floats(random, random.nextInt(3000) + 1);
            float[] before = floats(random, elements.length);
            for (ChunkEncoding encoding : all()) {
                Payload payload = encoded(encoding, elements);
                float[] copied = decoded(encoding.id(), payload, elements.length);
                MemorySegment sum = MemorySegment.ofArray(before.clone());
                ChunkEncoding reader = ChunkEncoding.reading(encoding.id()).orElseThrow();
                assertThat(reader.problem(payload, elements.length)).isEmpty();
                reader.addTo(payload, sum);

                float[] sums = sum.toArray(ValueLayout.JAVA_FLOAT);
                for (int i = 0; i < sums.length; i++) {
                    assertThat(sums[i])
                            .as("seed %d, %s, element %d", seed, encoding.id(), i)
                            .isEqualTo(before[i] + copied[i]);
                }
            }
        }
    }

    @Test
    void whatIsLostStaysWithTheSender() {
        for (long seed = 0; seed < SEEDS; seed++) {
            Random random = new Random(seed);
            float[] elements = floats(random, random.nextInt(3000) + 1);
            for (ChunkEncoding encoding : all()) {
                MemorySegment rest = MemorySegment.ofArray(elements.clone());
                byte[] bytes = new byte[Math.toIntExact(encoding.maxByteSize(elements.length))];
                long written = encoding.encodeKeepingRest(rest, MemorySegment.ofArray(bytes));
                Payload payload = Payload.view(MemorySegment.ofArray(bytes).asSlice(0, written));
                float[] read = decoded(encoding.id(), payload, elements.length);

                float[] kept = rest.toArray(ValueLayout.JAVA_FLOAT);
                for (int i = 0; i < kept.length; i++) {
                    assertThat(kept[i] + read[i])
                            .as("seed %d, %s, element %d", seed, encoding.id(), i)
                            .isCloseTo(elements[i], within(1e-6f * Math.abs(elements[i]) + 1e-30f));
                }
            }
        }
    }

    @Test
    void errorsStayWithinTheEncodingsBounds() {
        for (long seed = 0; seed < SEEDS; seed++) {
            Random random = new Random(seed);
            float[] elements = floats(random, random.nextInt(3000) + 1);
            float[] bf16 = roundTrip(new HalfFloats(Encoding.ENCODING_BF16), elements);
            float[] f16 = roundTrip(new HalfFloats(Encoding.ENCODING_F16), elements);
            float[] int8 = roundTrip(new BlockwiseBytes(), elements);
            for (int i = 0; i < elements.length; i++) {
                String where = "seed " + seed + ", element " + i;
                assertThat(bf16[i]).as(where).isCloseTo(elements[i], within(Math.abs(elements[i]) / 256));
                assertThat(f16[i])
                        .as(where)
                        .isCloseTo(
                                Math.clamp(elements[i], -65504f, 65504f), within(Math.abs(elements[i]) / 2048 + 3e-8f));
                int block = i / 256 * 256;
                float largest = 0;
                for (int j = block; j < Math.min(block + 256, elements.length); j++) {
                    largest = Math.max(largest, Math.abs(elements[j]));
                }
                assertThat(int8[i]).as(where).isCloseTo(elements[i], within(largest / 127 * 0.50001f));
            }
        }
    }

    @Test
    void theLargestElementsTravelAndOfEqualOnesTheFirst() {
        for (long seed = 0; seed < SEEDS; seed++) {
            Random random = new Random(seed);
            float[] elements = new float[random.nextInt(2000) + 1];
            for (int i = 0; i < elements.length; i++) {
                elements[i] = random.nextInt(20) - 10;
            }
            double share = random.nextDouble() + 1e-9;
            List<Integer> expected = IntStream.range(0, elements.length)
                    .boxed()
                    .sorted(Comparator.comparingDouble(i -> -Math.abs(elements[i])))
                    .limit((long) Math.min(elements.length, Math.ceil(share * elements.length)))
                    .toList();
            float[] read = roundTrip(new LargestElements(share), elements);
            for (int i = 0; i < elements.length; i++) {
                assertThat(read[i])
                        .as("seed %d, element %d", seed, i)
                        .isEqualTo(expected.contains(i) ? elements[i] : 0);
            }
        }
    }

    @Test
    void infinitiesAndNaNsAreNotHidden() {
        float[] elements = {1, Float.NaN, Float.NEGATIVE_INFINITY, 2};
        assertThat(roundTrip(new HalfFloats(Encoding.ENCODING_BF16), elements)[1])
                .isNaN();
        assertThat(roundTrip(new HalfFloats(Encoding.ENCODING_BF16), elements)[2])
                .isEqualTo(Float.NEGATIVE_INFINITY);
        assertThat(roundTrip(new HalfFloats(Encoding.ENCODING_F16), elements)[1])
                .isNaN();
        assertThat(roundTrip(new BlockwiseBytes(), elements)[1]).isNaN();
        assertThat(roundTrip(new LargestElements(0.5), elements)[1]).isNaN();
    }

    @Test
    void payloadsOfTheWrongLengthAreNamed() {
        for (ChunkEncoding encoding : all()) {
            Payload payload = encoded(encoding, new float[10]);
            assertThat(encoding.problem(payload, 10)).isEmpty();
            if (encoding.id() != Encoding.ENCODING_TOP_K) {
                assertThat(encoding.problem(payload, 11).orElseThrow())
                        .matches("expected \\d+ bytes of [a-z0-9]+, got " + payload.byteSize());
            }
        }
    }

    @Test
    void indicesThatAreNotAscendingOrNotInTheChunkAreNamed() {
        LargestElements reader = new LargestElements(1);

        assertThat(reader.problem(ints(2, 3, 3, 0, 0), 10))
                .hasValue("expected ascending indices below 10 in top-k, got 3 after 3");
        assertThat(reader.problem(ints(1, 10, 0), 10))
                .hasValue("expected ascending indices below 10 in top-k, got 10 after -1");
        assertThat(reader.problem(ints(1, -1, 0), 10))
                .hasValue("expected ascending indices below 10 in top-k, got 4294967295 after -1");
        assertThat(reader.problem(ints(11, 1, 0), 10))
                .hasValue("expected up to 10 elements of top-k in 12 bytes, got 11");
        assertThat(reader.problem(ints(), 10)).hasValue("expected 4 bytes of top-k or more, got 0");
        assertThat(reader.problem(ints(2, 0, 9, 0, 0), 10)).isEmpty();
    }

    private static Payload ints(int... values) {
        return Payload.view(Arena.ofAuto().allocateFrom(ValueLayout.JAVA_INT, values));
    }

    private static float[] roundTrip(ChunkEncoding encoding, float[] elements) {
        return decoded(encoding.id(), encoded(encoding, elements), elements.length);
    }

    private static Payload encoded(ChunkEncoding encoding, float[] elements) {
        byte[] bytes = new byte[Math.toIntExact(encoding.maxByteSize(elements.length))];
        long written = encoding.encode(MemorySegment.ofArray(elements), MemorySegment.ofArray(bytes));
        return Payload.view(MemorySegment.ofArray(bytes).asSlice(0, written));
    }

    private static float[] decoded(Encoding id, Payload payload, int count) {
        MemorySegment target = MemorySegment.ofArray(new float[count]);
        ChunkEncoding.reading(id).orElseThrow().copyTo(payload, target);
        return target.toArray(ValueLayout.JAVA_FLOAT);
    }

    /** Of very different sizes, zeros among them. */
    private static float[] floats(Random random, int count) {
        float[] floats = new float[count];
        for (int i = 0; i < count; i++) {
            floats[i] = random.nextInt(10) == 0
                    ? 0
                    : (float) (random.nextGaussian() * Math.pow(10, random.nextInt(12) - 6));
        }
        return floats;
    }
}
