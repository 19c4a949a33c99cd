package dev.tutti.worker.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class IdxDefectsTest {
    private static final byte[] IMAGES = IdxBytes.images(5, 2, 3);
    private static final byte[] LABELS = IdxBytes.labels(0, 1, 2, 1, 0);

    @TempDir
    Path folder;

    static final class Defect {
        final String name;
        final byte[] images;
        final byte[] labels;
        /** Parts the message must have, in this order. */
        final List<String> sentence;

        Defect(String name, byte[] images, byte[] labels, List<String> sentence) {
            this.name = name;
            this.images = images;
            this.labels = labels;
            this.sentence = sentence;
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Defect> defects() {
        byte[] packed = IdxBytes.gzip(IMAGES);
        byte[] damaged = packed.clone();
        damaged[damaged.length - 6] ^= 1;
        return Stream.of(
                images("empty images", new byte[0], "images is empty: expected an IDX file"),
                labels("empty labels", new byte[0], "labels is empty"),
                images("truncated", Arrays.copyOf(IMAGES, 40), "images is truncated: expected 46 bytes, got 40"),
                images("truncated header", Arrays.copyOf(IMAGES, 10), "images is truncated: expected 16 bytes, got 10"),
                labels("truncated labels", Arrays.copyOf(LABELS, 11), "labels is truncated: expected 13 bytes, got 11"),
                images(
                        "truncated once unpacked",
                        IdxBytes.gzip(Arrays.copyOf(IMAGES, 40)),
                        "images is truncated: expected 46 bytes once unpacked, got 40"),
                images(
                        "truncated gzip",
                        Arrays.copyOf(packed, packed.length - 10),
                        "images is truncated: its gzip data ends"),
                images("truncated gzip header", Arrays.copyOf(packed, 5), "images ends inside its gzip header"),
                images("damaged gzip", damaged, "images is a damaged gzip file", "after at least 46 unpacked bytes"),
                images(
                        "trailing bytes",
                        Arrays.copyOf(IMAGES, 50),
                        "images has trailing bytes: expected it to end at byte 46",
                        "got 4 bytes more"),
                images(
                        "trailing bytes once unpacked",
                        IdxBytes.gzip(Arrays.copyOf(IMAGES, 50)),
                        "images has trailing bytes: expected it to end at byte 46",
                        "got more data"),
                images(
                        "wrong magic number",
                        IdxBytes.file(0x0d03, new byte[30], 5, 2, 3),
                        "images: expected magic number 0x00000803 (byte images) at byte 0, got 0x00000d03"),
                images(
                        "exchanged",
                        LABELS,
                        "images: expected magic number 0x00000803",
                        "got 0x00000801 (labels): are images and labels exchanged?"),
                images(
                        "no images",
                        IdxBytes.file(0x803, new byte[0], 0, 2, 3),
                        "images: expected dimension 1 at byte 4 to be from 1 to 2147483647, got 0"),
                images(
                        "huge dimension",
                        IdxBytes.file(0x803, new byte[30], 5, -1, 3),
                        "images: expected dimension 2 at byte 8",
                        "got 4294967295"),
                images(
                        "header beyond all memory",
                        IdxBytes.file(0x803, new byte[30], Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE),
                        "images is truncated: expected 9223372036854775807 bytes, got 46"),
                images(
                        "header beyond what gzip can hold",
                        IdxBytes.gzip(IdxBytes.file(0x803, new byte[30], Integer.MAX_VALUE, Integer.MAX_VALUE, 1)),
                        "images: its header announces",
                        "more than its",
                        "gzipped bytes can hold"),
                labels(
                        "other length",
                        IdxBytes.labels(0, 1, 2, 1),
                        "images has 5 images, but ",
                        "labels has 4 labels: expected as many labels as images"),
                labels(
                        "label out of range",
                        IdxBytes.labels(0, 1, 2, 3, 0),
                        "labels: expected labels from 0 to 2, got 3 for sample 3 (byte 11)"));
    }

    private static Defect images(String name, byte[] images, String... sentence) {
        return new Defect(name, images, LABELS, List.of(sentence));
    }

    private static Defect labels(String name, byte[] labels, String... sentence) {
        return new Defect(name, IMAGES, labels, List.of(sentence));
    }

    @ParameterizedTest
    @MethodSource("defects")
    void everyDefectGivesOneSentenceThatNamesTheFile(Defect defect) throws IOException {
        IdxPair pair = write(defect.images, defect.labels);

        assertThatThrownBy(() -> pair.read(3, PixelScale.UNIT))
                .isInstanceOf(DataException.class)
                .message()
                .contains(folder.toString())
                .containsSubsequence(defect.sentence)
                .doesNotContain("\n");
    }

    @Test
    void readsImagesAndLabelsGzippedOrNot() throws Exception {
        for (boolean gzipped : new boolean[] {false, true}) {
            IdxPair pair = gzipped ? write(IdxBytes.gzip(IMAGES), IdxBytes.gzip(LABELS)) : write(IMAGES, LABELS);

            ByteImages images = pair.read(0, new PixelScale(0.5, 0.25));

            assertThat(images.sampleCount()).isEqualTo(5);
            assertThat(images.featureShape()).containsExactly(2, 3);
            assertThat(images.classes()).isEqualTo(3);
            assertThat(images.label(2)).isEqualTo(2);
            assertThat(features(images, 4))
                    .containsExactly(scaled(24), scaled(25), scaled(26), scaled(27), scaled(28), scaled(29));
        }
    }

    @Test
    void aFileThatOnlyItsNameMakesGzipIsSaidToBeNone() throws IOException {
        IdxPair pair = write(IMAGES, LABELS);
        byte[] noise = {0x4d, (byte) 0xa3, 0x5b, (byte) 0xca, 1, 2, 3};
        IdxPair broken = new IdxPair(Files.write(folder.resolve("images.gz"), noise), pair.labels());

        assertThatThrownBy(() -> broken.read(3, PixelScale.UNIT))
                .hasMessageEndingWith("images.gz is not a gzip file, whatever its name says: expected it to begin with"
                        + " 0x1f8b, got 0x4da3");
    }

    @Test
    void aFolderInPlaceOfAFileIsNamed() throws IOException {
        IdxPair pair = write(IMAGES, LABELS);
        IdxPair broken = new IdxPair(Files.createDirectory(folder.resolve("sub")), pair.labels());

        assertThatThrownBy(() -> broken.read(3, PixelScale.UNIT))
                .hasMessageContaining("sub cannot be read: it is a folder");
    }

    @Test
    void missingFilesOfAnIdxSourceSayWhereTheyWereLookedFor() {
        IdxFiles files = new IdxFiles(
                folder,
                new IdxPair(folder.resolve("a"), folder.resolve("b")),
                new IdxPair(folder.resolve("c"), folder.resolve("d")));

        assertThatThrownBy(() -> files.open(PixelScale.UNIT))
                .isInstanceOf(DataException.class)
                .hasMessageContainingAll("no file " + folder.resolve("a"), "--data DIR", "TUTTI_DATA");
    }

    private static float scaled(int pixel) {
        return (float) ((pixel / 255.0 - 0.5) / 0.25);
    }

    static float[] features(Dataset dataset, int sample) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment row = arena.allocate(ValueLayout.JAVA_FLOAT, dataset.featureCount());
            dataset.readFeatures(sample, row, 0);
            return row.toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    private IdxPair write(byte[] images, byte[] labels) throws IOException {
        return new IdxPair(
                Files.write(folder.resolve("images"), images), Files.write(folder.resolve("labels"), labels));
    }
}
