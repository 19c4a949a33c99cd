package dev.tutti.proto.wire.encoding;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.wire.Payload;
import dev.tutti.proto.wire.TouchedRows;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SparseRowsPropertyTest {
    private static final int SEEDS = 300;

    private static List<ChunkEncoding> values() {
        return List.of(
                new PlainFloats(), new HalfFloats(Encoding.ENCODING_BF16), new HalfFloats(Encoding.ENCODING_F16));
    }

    @Test
    void whatIsReadIsWhatTheValuesEncodingMakesOfTheWhole() {
        for (int seed = 0; seed < SEEDS; seed++) {
            Random random = new Random(seed);
            int width = 1 + random.nextInt(70);
            float[] elements = rows(random, 1 + random.nextInt(60), width, random.nextDouble());
            for (ChunkEncoding values : values()) {
                SparseRows rows = new SparseRows(width, values);
                Payload payload = encoded(rows, elements);
                ChunkEncoding reader = ChunkEncoding.reading(rows.id(), width).orElseThrow();
                assertThat(reader.problem(payload, elements.length)).isEmpty();

                MemorySegment copied = filled(elements.length, 7);
                reader.copyTo(payload, copied);
                MemorySegment whole = filled(elements.length, 7);
                values.copyTo(encoded(values, elements), whole);
                whole = withoutNegativeZeros(whole);
                assertThat(floats(copied)).as("seed %d, %s", seed, rows.id()).isEqualTo(floats(whole));

                MemorySegment sum = filled(elements.length, 3);
                reader.addTo(payload, sum);
                for (int i = 0; i < elements.length; i++) {
                    assertThat(floats(sum)[i]).as("seed %d", seed).isEqualTo(3 + floats(whole)[i]);
                }
            }
        }
    }

    @Test
    void theyTakeFourBytesARowAndThoseOfItsElements() {
        float[] elements = new float[50 * 16];
        elements[3 * 16 + 15] = 1;
        elements[40 * 16] = Float.NaN;
        assertThat(encoded(new SparseRows(16, new PlainFloats()), elements).byteSize())
                .isEqualTo(2 * (4 + 16 * 4));
        assertThat(encoded(new SparseRows(16, new HalfFloats(Encoding.ENCODING_F16)), elements)
                        .byteSize())
                .isEqualTo(2 * (4 + 16 * 2));
        assertThat(encoded(new SparseRows(16, new PlainFloats()), new float[50 * 16])
                        .byteSize())
                .isZero();
    }

    @Test
    void rowsThatDoNotTravelStayAsTheyAre() {
        for (int seed = 0; seed < SEEDS; seed++) {
            Random random = new Random(seed);
            int width = 1 + random.nextInt(20);
            int count = 1 + random.nextInt(30);
            float[] before = rows(random, count, width, 1);
            float[] after = before.clone();
            BitSet changed = new BitSet();
            for (int row = 0; row < count; row++) {
                if (random.nextInt(3) == 0) {
                    changed.set(row);
                    after[row * width + random.nextInt(width)] = random.nextInt(2);
                }
            }
            SparseRows rows = new SparseRows(width, new PlainFloats());
            MemorySegment target = MemorySegment.ofArray(new byte[(int) rows.maxByteSize(after.length)]);
            long size = rows.encode(MemorySegment.ofArray(after), changed, target);
            MemorySegment got = MemorySegment.ofArray(before);

            rows.overwrite(Payload.view(target.asSlice(0, size)), got);

            assertThat(size).isEqualTo(changed.cardinality() * (4L + 4L * width));
            assertThat(floats(got)).as("seed %d", seed).isEqualTo(after);
        }
    }

    @Test
    void whatIsLostStaysWithTheSender() {
        for (int seed = 0; seed < SEEDS; seed++) {
            Random random = new Random(seed);
            int width = 1 + random.nextInt(20);
            float[] elements = rows(random, 1 + random.nextInt(30), width, 0.3);
            for (ChunkEncoding values : values()) {
                SparseRows rows = new SparseRows(width, values);
                float[] kept = elements.clone();
                MemorySegment target = MemorySegment.ofArray(new byte[(int) rows.maxByteSize(elements.length)]);
                long size = rows.encodeKeepingRest(MemorySegment.ofArray(kept), target);
                MemorySegment read = filled(elements.length, 0);
                rows.copyTo(Payload.view(target.asSlice(0, size)), read);
                for (int i = 0; i < kept.length; i++) {
                    assertThat(kept[i]).as("seed %d", seed).isEqualTo(elements[i] - floats(read)[i]);
                }
            }
        }
    }

    @Test
    void aRowIsTouchedIfAnyElementIsNotZeroWhateverItsSign() {
        float[] elements = {0, -0f, 0, 0, -0f, Float.MIN_VALUE, Float.NaN, 0, 0, Float.NEGATIVE_INFINITY};

        BitSet touched = TouchedRows.of(MemorySegment.ofArray(elements), 2);

        assertThat(touched.stream()).containsExactly(2, 3, 4);
        List<String> runs = new ArrayList<>();
        touched.set(0);
        TouchedRows.forEachRun(touched, (first, count) -> runs.add(first + "+" + count));
        assertThat(runs).containsExactly("0+1", "2+3");
    }

    @Test
    void rowsThatAreNotAscendingOrNotInTheChunkAreNamed() {
        SparseRows reader = new SparseRows(1, new PlainFloats());

        assertThat(reader.problem(ints(3, 3, 0, 0), 10))
                .hasValue("expected ascending rows below 10 in rows of f32, got 3 after 3");
        assertThat(reader.problem(ints(10, 0), 10))
                .hasValue("expected ascending rows below 10 in rows of f32, got 10 after -1");
        assertThat(reader.problem(ints(-1, 0), 10))
                .hasValue("expected ascending rows below 10 in rows of f32, got 4294967295 after -1");
        assertThat(reader.problem(ints(1, 0, 0), 10))
                .hasValue("expected up to 10 rows of 8 bytes in rows of f32, got 12 bytes");
        assertThat(reader.problem(ints(0, 1, 2, 0, 0, 0), 2))
                .hasValue("expected up to 2 rows of 8 bytes in rows of f32, got 24 bytes");
        assertThat(reader.problem(ints(0, 9, 0, 0), 10)).isEmpty();
        assertThat(reader.problem(ints(), 10)).isEmpty();
    }

    @Test
    void rowsOfAChunkWithoutAnyAreNoEncoding() {
        assertThat(new ChunkDecoders().decode(Encoding.ENCODING_ROWS_F32, ints(0, 0), 10, 0))
                .isEqualTo(new ChunkDecoders.Decoded.Problem(
                        "expected f32, bf16, f16, int8 or top-k, got ENCODING_ROWS_F32"));
        assertThat(new ChunkDecoders().decode(Encoding.ENCODING_ROWS_F32, ints(0, 0), 10, 1))
                .isInstanceOf(ChunkDecoders.Decoded.Values.class);
    }

    /** @param share of the rows that are touched */
    private static float[] rows(Random random, int count, int width, double share) {
        float[] rows = new float[count * width];
        for (int row = 0; row < count; row++) {
            if (random.nextDouble() < share) {
                for (int i = 0; i < width; i++) {
                    rows[row * width + i] =
                            random.nextInt(5) == 0 ? 0 : (float) random.nextGaussian() * random.nextInt(1000);
                }
            }
        }
        return rows;
    }

    private static Payload encoded(ChunkEncoding encoding, float[] elements) {
        MemorySegment target = MemorySegment.ofArray(new byte[(int) encoding.maxByteSize(elements.length)]);
        long size = encoding.encode(MemorySegment.ofArray(elements), target);
        return Payload.view(target.asSlice(0, size));
    }

    private static MemorySegment filled(int count, float value) {
        float[] floats = new float[count];
        Arrays.fill(floats, value);
        return MemorySegment.ofArray(floats);
    }

    private static MemorySegment withoutNegativeZeros(MemorySegment segment) {
        float[] floats = floats(segment);
        for (int i = 0; i < floats.length; i++) {
            floats[i] += 0f;
        }
        return MemorySegment.ofArray(floats);
    }

    private static float[] floats(MemorySegment segment) {
        return segment.toArray(ValueLayout.JAVA_FLOAT);
    }

    private static Payload ints(int... values) {
        return Payload.view(Arena.ofAuto().allocateFrom(ValueLayout.JAVA_INT, values));
    }
}
