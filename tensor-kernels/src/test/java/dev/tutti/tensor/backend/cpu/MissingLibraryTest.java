package dev.tutti.tensor.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.tensor.backend.Backends;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MissingLibraryTest {
    @TempDir
    Path folder;

    /** What a process prints that cannot unpack the library. */
    static final class Numerics {
        private Numerics() {}

        public static void main(String[] args) {
            System.out.println(Backends.select("cpu", 1).numerics());
            System.out.println(OneDnn.reason());
        }
    }

    @Test
    void portableLoopsStandInAndTheReasonIsKept() throws IOException, InterruptedException {
        Path notAFolder = Files.createFile(folder.resolve("file"));
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-D" + NativeFolder.PROPERTY + "=" + notAFolder,
                        "-cp",
                        System.getProperty("java.class.path"),
                        Numerics.class.getName())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isZero();
        assertThat(output.lines().toList())
                .satisfiesExactly(
                        numerics -> assertThat(numerics).isEqualTo("cpu: portable loops, threads 1"),
                        reason -> assertThat(reason).startsWith("oneDNN for ").contains(notAFolder.toString()));
    }
}
