package dev.tutti.worker.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tutti.proto.spec.JobSpecs;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.TextSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextSourceTest {
    @TempDir
    Path folder;

    @Test
    void charactersAreSortedCodePointsOfTheWholeText() throws Exception {
        DataPair pair =
                open("zażółć 😀 a\n😀", TextSource.newBuilder().setContext(2).setTest(0));

        assertThat(alphabet(pair)).isEqualTo("\n azóćłż😀");
        assertThat(pair.train().classes()).isEqualTo(9);
        assertThat(text(pair.train(), 3)).isEqualTo(" 😀|😀 ");
        assertThat(pair.test().sampleCount()).isZero();
    }

    @Test
    void aFolderIsNoText() {
        TextFile source = new TextFile(folder, folder, new TextCut(true, 1, 1, 0));
        assertThatThrownBy(() -> source.open(PixelScale.UNIT))
                .isInstanceOf(DataException.class)
                .hasMessage("data.source.text.path: " + folder + " is a folder; name a file in it");
    }

    @Test
    void aTokensLabelIsTheNextOne() throws Exception {
        DataPair pair = open("abcdefghij", TextSource.newBuilder().setContext(3).setTest(0));

        assertThat(pair.train().featureShape()).containsExactly(3);
        assertThat(pair.train().labelsPerSample()).isEqualTo(3);
        assertThat(texts(pair.train())).containsExactly("abc|bcd", "def|efg", "ghi|hij");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment features = arena.allocate(ValueLayout.JAVA_INT, 6);
            MemorySegment labels = arena.allocate(ValueLayout.JAVA_INT, 6);
            new BatchLayout(pair.train(), LabelEncoding.CLASS_INDEX).writeRow(2, 1, features, labels);
            assertThat(features.toArray(ValueLayout.JAVA_INT)).containsExactly(0, 0, 0, 6, 7, 8);
            assertThat(labels.toArray(ValueLayout.JAVA_INT)).containsExactly(0, 0, 0, 7, 8, 9);
        }
    }

    @Test
    void oneHotLabelsLieTokenByToken() throws Exception {
        DataPair pair = open("abc", TextSource.newBuilder().setContext(2).setTest(0));
        BatchLayout layout = new BatchLayout(pair.train(), LabelEncoding.ONE_HOT);

        try (Arena arena = Arena.ofConfined()) {
            MemorySegment features = arena.allocate(layout.featuresByteSize(1));
            MemorySegment labels = arena.allocate(layout.labelsByteSize(1));
            layout.writeRow(0, 0, features, labels);
            assertThat(labels.toArray(ValueLayout.JAVA_FLOAT)).containsExactly(0, 1, 0, 0, 0, 1);
        }
    }

    @Test
    void samplesMayOverlapAndTheTestIsTheEnd() throws Exception {
        DataPair pair = open(
                "abcdefghij", TextSource.newBuilder().setContext(2).setStride(1).setTest(0.4));

        assertThat(texts(pair.train())).containsExactly("ab|bc", "bc|cd", "cd|de", "de|ef");
        assertThat(texts(pair.test())).containsExactly("gh|hi", "hi|ij");
    }

    @Test
    void bytesAreTokensToo() throws Exception {
        DataPair pair = open(
                "żab", TextSource.newBuilder().setTokens("bytes").setContext(1).setTest(0));

        assertThat(pair.train().classes()).isEqualTo(256);
        assertThat(pair.train().sampleCount()).isEqualTo(3);
        assertThat(pair.train().label(0, 0)).isEqualTo(0xbc);
        assertThat(text(pair.train(), 2)).isEqualTo("a|b");
    }

    @Test
    void moreThan256CharactersAreKeptToo() throws Exception {
        StringBuilder text = new StringBuilder();
        for (int point = 0x4e00; point < 0x4e00 + 300; point++) {
            text.appendCodePoint(point);
        }
        DataPair pair =
                open(text.toString(), TextSource.newBuilder().setContext(299).setTest(0));

        assertThat(pair.train().classes()).isEqualTo(300);
        assertThat(pair.train().label(0, 298)).isEqualTo(299);
    }

    @Test
    void aTextThatIsTooShortIsOneSentence() {
        assertThatThrownBy(() -> open("abcdefghij", TextSource.newBuilder().setContext(5)))
                .hasMessage(folder.resolve("text.txt")
                        + ": expected 6 tokens or more to test with, a sample of 5 and the one after it, got 1");
    }

    @Test
    void whatIsNoUtf8IsToldHowToBeRead() throws Exception {
        Path file = Files.write(folder.resolve("binary"), new byte[] {'a', (byte) 0xff, 'b'});

        assertThatThrownBy(() -> open(file, TextSource.newBuilder().setContext(1)))
                .hasMessage(file + " is not a text in UTF-8: convert it, or take bytes for tokens (tokens: bytes)");
    }

    @Test
    void aMissingFileIsOneSentence() {
        assertThatThrownBy(() -> open(Path.of("poems.txt"), TextSource.newBuilder()))
                .hasMessageStartingWith("no file " + folder.resolve("poems.txt"))
                .hasMessageContaining("TUTTI_DATA");
    }

    @Test
    void tinyShakespeareIsAllTextsOfItsFolderJoined() throws Exception {
        assertThatThrownBy(this::tinyShakespeare)
                .hasMessageStartingWith("tinyshakespeare is missing: put its text into "
                        + folder.resolve("tinyshakespeare") + " as one .txt file or several");
        Path texts = Files.createDirectory(folder.resolve("tinyshakespeare"));
        Files.writeString(texts.resolve("b.txt"), "b".repeat(200));
        Files.writeString(texts.resolve("a.txt"), "a".repeat(1150));
        Files.writeString(texts.resolve("README.md"), "c");

        DataPair pair = tinyShakespeare();

        assertThat(pair.train().classes()).isEqualTo(2);
        assertThat(pair.train().featureShape()).containsExactly(128);
        assertThat(pair.train().label(0, 0)).isEqualTo(0);
        assertThat(pair.test().label(0, 0)).isEqualTo(1);
    }

    private DataPair tinyShakespeare() throws Exception {
        JobSpec.Builder spec = JobSpec.newBuilder();
        spec.getDataBuilder().getSourceBuilder().setName("tinyshakespeare");
        return open(spec);
    }

    private DataPair open(String text, TextSource.Builder source) throws Exception {
        return open(Files.writeString(folder.resolve("text.txt"), text, StandardCharsets.UTF_8), source);
    }

    private DataPair open(Path file, TextSource.Builder source) throws Exception {
        JobSpec.Builder spec = JobSpec.newBuilder();
        spec.getDataBuilder().getSourceBuilder().setText(source.setPath(file.toString()));
        return open(spec);
    }

    private DataPair open(JobSpec.Builder spec) throws Exception {
        return SampleSource.of(JobSpecs.withDefaults(spec.build()), folder, new MnistDownload(List.of()))
                .open(PixelScale.UNIT);
    }

    private static String alphabet(DataPair pair) {
        List<Integer> all = new ArrayList<>();
        for (int token = 0; token < pair.train().classes(); token++) {
            all.add(token);
        }
        return ((TokenWindows) pair.train()).alphabet().text(all);
    }

    private static List<String> texts(Dataset dataset) {
        List<String> texts = new ArrayList<>();
        for (int sample = 0; sample < dataset.sampleCount(); sample++) {
            texts.add(text(dataset, sample));
        }
        return texts;
    }

    /** Tokens and labels. */
    private static String text(Dataset dataset, int sample) {
        TokenWindows windows = (TokenWindows) dataset;
        List<Integer> tokens = new ArrayList<>();
        List<Integer> labels = new ArrayList<>();
        for (int i = 0; i < windows.featureCount(); i++) {
            tokens.add(windows.token(sample, i));
            labels.add(windows.label(sample, i));
        }
        return windows.alphabet().text(tokens) + "|" + windows.alphabet().text(labels);
    }
}
