package dev.tutti.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script people call; it runs what this build has put into deploy/target/lib. */
class LauncherIT {
    @TempDir
    Path folder;

    @Test
    void versionAndHelp() throws Exception {
        Path root = Distribution.root();
        Skips.unless(Files.isDirectory(root.resolve("deploy/target/lib")), "deploy has not been built");

        assertThat(run(root.resolve("tutti"), "--version")).containsPattern("\\d+\\.\\d+\\.\\d+");
        assertThat(run(root.resolve("tutti"), "--help")).contains("quickstart", "train", "coordinator", "jobs");
    }

    private String run(Path launcher, String argument) throws Exception {
        Path out = folder.resolve("launcher.out");
        ProcessBuilder builder = new ProcessBuilder(launcher.toString(), argument)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(out.toFile());
        builder.environment().put("TUTTI_SKIP_BUILD", "yes");
        Process process = builder.start();
        try {
            assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
            assertThat(process.exitValue()).as(Files.readString(out)).isZero();
            return Files.readString(out);
        } finally {
            process.destroyForcibly();
        }
    }
}
