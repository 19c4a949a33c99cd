package dev.tutti.tensor.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageFolderTest {
    private static final byte[] IMAGE = {0x7f, 'E', 'L', 'F', 1, 2, 3};

    @TempDir
    Path folder;

    private int compilations;

    private byte[] get(Path where, String origin) {
        return new ImageFolder(where).get(origin, () -> {
            compilations++;
            return IMAGE.clone();
        });
    }

    @Test
    void whatHasBeenCompiledOnceIsFound() throws Exception {
        assertThat(get(folder, "a")).isEqualTo(IMAGE);
        assertThat(get(folder, "a")).isEqualTo(IMAGE);
        assertThat(compilations).isEqualTo(1);
        get(folder, "b");
        assertThat(compilations).isEqualTo(2);
        assertThat(files()).hasSize(2).allMatch(file -> file.toString().endsWith(".cubin"));
    }

    @Test
    void aDamagedFileIsMadeAgain() throws Exception {
        get(folder, "a");
        Path file = files().getFirst();
        byte[] whole = Files.readAllBytes(file);
        for (byte[] damaged :
                List.of(new byte[0], new byte[32], Arrays.copyOf(whole, whole.length - 1), flipped(whole))) {
            Files.write(file, damaged);
            assertThat(get(folder, "a")).isEqualTo(IMAGE);
            assertThat(file).hasBinaryContent(whole);
        }
        assertThat(compilations).isEqualTo(5);
    }

    private static byte[] flipped(byte[] whole) {
        byte[] copy = whole.clone();
        copy[4] ^= 1;
        return copy;
    }

    @Test
    void whereNothingCanBeKeptEveryoneCompiles() throws Exception {
        Path nowhere = Files.createFile(folder.resolve("file")).resolve("folder");
        assertThat(get(nowhere, "a")).isEqualTo(IMAGE);
        assertThat(get(nowhere, "a")).isEqualTo(IMAGE);
        assertThat(compilations).isEqualTo(2);
    }

    private List<Path> files() throws Exception {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }
}
