package dev.tutti.tensor.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeviceClaimTest {
    private static final List<String> DEVICES = List.of("0000:3b:00.0", "0000:5e:00.0");

    @TempDir
    Path folder;

    @Test
    void eachWorkerOfAProcessGetsADeviceOfItsOwnAsLongAsThereAreAny() {
        assertThat(new DeviceClaim(folder).take(DEVICES)).isEqualTo(0);
        assertThat(new DeviceClaim(folder).take(DEVICES)).isEqualTo(1);
        assertThat(new DeviceClaim(folder).take(DEVICES)).isEqualTo(0);
    }

    @Test
    void aDeviceOfAnotherProcessIsLeftToItUntilThatEnds() throws Exception {
        Path source = Files.writeString(folder.resolve("Holder.java"), """
            public class Holder {
                public static void main(String[] file) throws Exception {
                    var channel = java.nio.channels.FileChannel.open(
                            java.nio.file.Path.of(file[0]),
                            java.nio.file.StandardOpenOption.CREATE,
                            java.nio.file.StandardOpenOption.WRITE);
                    channel.lock();
                    System.out.println("locked");
                    System.in.read();
                }
            }
            """);
        Process other = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        source.toString(),
                        folder.resolve(DEVICES.getFirst()).toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            assertThat(other.inputReader().readLine()).isEqualTo("locked");
            assertThat(new DeviceClaim(folder).take(DEVICES)).isEqualTo(1);
        } finally {
            other.destroyForcibly().waitFor();
        }
        assertThat(new DeviceClaim(folder).take(DEVICES)).isEqualTo(0);
    }

    @Test
    void whereNothingCanBeLockedTheFirstOneIsTaken() throws Exception {
        Path file = Files.createFile(folder.resolve("file"));
        assertThat(new DeviceClaim(file.resolve("folder")).take(DEVICES)).isEqualTo(0);
    }
}
