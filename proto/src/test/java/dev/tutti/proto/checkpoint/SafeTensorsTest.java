package dev.tutti.proto.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tutti.proto.digest.Sha256;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafeTensorsTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path folder;

    @Test
    void whatIsWrittenCanBeReadAgain() throws IOException {
        Path file = folder.resolve("a.safetensors");
        List<SafeTensorsWriter.Declared> tensors = List.of(
                new SafeTensorsWriter.Declared("weight", List.of(2L, 3L)),
                new SafeTensorsWriter.Declared("empty", List.of(0L)),
                new SafeTensorsWriter.Declared("scalar", List.of()));
        SafeTensorsWriter.Written written;
        try (SafeTensorsWriter writer = SafeTensorsWriter.create(file, tensors, Map.of("step", "7"))) {
            writer.write(floats(0, 1, 2, 3));
            writer.write(floats(4, 5, 6));
            written = writer.finish();
        }

        assertThat(written.bytes()).isEqualTo(Files.size(file));
        assertThat(written.sha256()).isEqualTo(Sha256.ofFile(file));
        try (SafeTensorsReader reader = SafeTensorsReader.open(file)) {
            assertThat(reader.tensors()).extracting(SafeTensor::name).containsExactly("weight", "empty", "scalar");
            SafeTensor weight = reader.tensor("weight").orElseThrow();
            assertThat(weight.shape()).containsExactly(2L, 3L);
            ByteBuffer target = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
            reader.read(weight, 12, target);
            assertThat(target.flip().getFloat()).isEqualTo(3);
            assertThat(target.getFloat()).isEqualTo(4);
            assertThatThrownBy(() -> reader.read(weight, 20, ByteBuffer.allocate(8)))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        byte[] bytes = Files.readAllBytes(file);
        assertThat((bytes.length - 7 * Float.BYTES) % 8).isZero();
        assertThat(new String(bytes, StandardCharsets.ISO_8859_1)).contains("{\"__metadata__\":{\"step\":\"7\"},");
    }

    @Test
    void aFileIsFinishedOnlyWithAllItsData() throws IOException {
        List<SafeTensorsWriter.Declared> tensors = List.of(new SafeTensorsWriter.Declared("w", List.of(2L)));
        try (SafeTensorsWriter writer = SafeTensorsWriter.create(folder.resolve("b"), tensors, Map.of())) {
            writer.write(floats(1));
            assertThatThrownBy(writer::finish).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> writer.write(floats(1, 2))).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void hostileHeadersAreRefusedWithTheRuleTheyBreak() throws IOException {
        assertRefused(new byte[3], "it has only 3 bytes");
        assertRefused(longs(Long.MAX_VALUE), "its header claims 9223372036854775807 bytes");
        assertRefused(longs(-1), "its header claims 18446744073709551615 bytes");
        assertRefused(longs(50_000_000), "its header claims 50000000 bytes");
        assertRefused(file("", 0), "an end where START_OBJECT");
        assertRefused(file("[]", 0), "START_ARRAY where START_OBJECT");
        assertRefused(file("{", 0), "not the JSON it should be");
        assertRefused(file("{} {}", 0), "goes on behind its JSON object");
        assertRefused(file("{\"a\":3}", 0), "VALUE_NUMBER_INT where START_OBJECT");
        assertRefused(file("{\"__metadata__\":{\"a\":3}}", 0), "VALUE_NUMBER_INT where VALUE_STRING");
        assertRefused(file(tensor("a", "F32", "1", "0,4") + "}", 4), "VALUE_STRING where START_OBJECT");
        assertRefused(file("{\"a\" 3}", 4), "not the JSON it should be");
        assertRefused(file("{" + tensor("a", "F99", "1", "0,4") + "}", 4), "tensor a has the unknown dtype F99");
        assertRefused(
                file("{" + tensor("a", "F32", "1", "0") + "}", 4), "lacks one of dtype, shape and two data_offsets");
        assertRefused(file("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4), "lacks one of");
        assertRefused(file("{\"a\":{\"dtype\":\"F32\",\"more\":[1]}}", 4), "a key besides");
        assertRefused(file("{" + tensor("a", "F32", "-1", "0,4") + "}", 4), "negative number");
        assertRefused(file("{" + tensor("a", "F32", "1.5", "0,4") + "}", 4), "VALUE_NUMBER_FLOAT where");
        assertRefused(file("{" + tensor("a", "F32", "99999999999999999999", "0,4") + "}", 4), "out of range");
        assertRefused(file("{" + tensor("a", "F32", "2", "0,4") + "}", 4), "does not have the size");
        assertRefused(
                file("{" + tensor("a", "F32", "4611686018427387904,4611686018427387904", "0,0") + "}", 0),
                "does not have the size");
        assertRefused(
                file("{" + tensor("a", "F32", "1", "0,4") + "," + tensor("a", "F32", "1", "4,8") + "}", 8), "uplicate");
        assertRefused(
                file("{" + tensor("a", "F32", "2", "0,8") + "," + tensor("b", "F32", "1", "4,8") + "}", 8),
                "tensor b begins at byte 4 of the data, the one before it ends at 8");
        assertRefused(file("{" + tensor("a", "F32", "1", "4,8") + "}", 8), "begins at byte 4");
        assertRefused(file("{" + tensor("a", "F32", "2", "0,8") + "}", 7), "end at byte 8 of the data, the file at 7");
        assertRefused(file("{" + tensor("a", "F32", "1", "0,4") + "}", 5), "end at byte 4 of the data, the file at 5");
        assertRefused(file("[".repeat(100_000), 0), "START_ARRAY where START_OBJECT");
        assertRefused(file("{\"a\":{\"shape\":" + "[".repeat(100_000), 0), "START_ARRAY where VALUE_NUMBER_INT");
    }

    @Test
    void everyTypeOfTheFormatIsUnderstood() throws IOException {
        for (ElementKind kind : ElementKind.values()) {
            Path file = folder.resolve(kind.name());
            Files.write(
                    file,
                    file("{" + tensor("a", kind.name(), "3", "0," + 3 * kind.byteSize()) + "}", 3 * kind.byteSize()));
            try (SafeTensorsReader reader = SafeTensorsReader.open(file)) {
                assertThat(reader.tensors().getFirst().elementCount()).isEqualTo(3);
            }
        }
    }

    @Test
    void brokenFilesNeverDoAnythingButFail() throws IOException {
        byte[] good = file("{" + tensor("a", "F32", "2", "0,8") + "," + tensor("b", "I64", "1", "8,16") + "}", 16);
        Path file = folder.resolve("broken");
        Random random = new Random(3);
        for (int i = 0; i < 1000; i++) {
            byte[] broken = good.clone();
            for (int flips = random.nextInt(3) + 1; flips > 0; flips--) {
                broken[random.nextInt(broken.length - 16)] ^= (byte) (1 << random.nextInt(8));
            }
            Files.write(file, broken);
            try (SafeTensorsReader reader = SafeTensorsReader.open(file)) {
                assertThat(reader.tensors())
                        .allSatisfy(tensor -> assertThat(tensor.end()).isLessThanOrEqualTo(16));
            } catch (CheckpointException e) {
                assertThat(e).hasMessageContaining(file.toString());
            }
        }
    }

    private void assertRefused(byte[] bytes, String reason) throws IOException {
        Path file = folder.resolve("hostile");
        Files.write(file, bytes);
        assertThatThrownBy(() -> SafeTensorsReader.open(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(file + " is no valid safetensors file: ")
                .hasMessageContaining(reason);
    }

    private static String tensor(String name, String kind, String shape, String offsets) {
        return "\"" + name + "\":{\"dtype\":\"" + kind + "\",\"shape\":[" + shape + "],\"data_offsets\":[" + offsets
                + "]}";
    }

    private static byte[] file(String header, int dataBytes) {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        file.writeBytes(longs(text.length));
        file.writeBytes(text);
        file.writeBytes(new byte[dataBytes]);
        return file.toByteArray();
    }

    private static byte[] longs(long value) {
        return ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array();
    }

    static ByteBuffer floats(float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return bytes;
    }
}
