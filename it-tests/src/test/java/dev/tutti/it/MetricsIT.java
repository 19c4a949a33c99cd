package dev.tutti.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsIT {
    @TempDir
    Path folder;

    @Test
    void everyRoleIsReadyAndMeasured() throws Exception {
        try (TuttiProcesses processes = new TuttiProcesses(folder)) {
            HandStartedCluster cluster = new HandStartedCluster(processes, folder, 1, 1);

            assertThat(cluster.all()).allSatisfy(process -> {
                assertThat(process.managed("/livez").statusCode()).isEqualTo(200);
                assertThat(process.managed("/readyz").body()).isEqualTo("ready\n");
                assertThat(process.managed("/metrics").body())
                        .contains("tutti_", "jvm_memory_used_bytes{", "member=\"" + process.member() + "\"");
            });
        }
    }

    @Test
    void prometheusUnderstandsEveryLine() throws Exception {
        Skips.unless(Skips.isOnPath("promtool"), "there is no promtool on the PATH");
        try (TuttiProcesses processes = new TuttiProcesses(folder)) {
            HandStartedCluster cluster = new HandStartedCluster(processes, folder, 1, 1);
            assertThat(cluster.all()).allSatisfy(process -> {
                Path scraped = Files.writeString(
                        folder.resolve("metrics"), process.managed("/metrics").body());
                Path said = folder.resolve("promtool.out");
                int exit = new ProcessBuilder("promtool", "check", "metrics")
                        .redirectInput(scraped.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(said.toFile())
                        .start()
                        .waitFor();
                // 3: it would have chosen other names, mostly for the JVM's own.
                assertThat(exit).as(Files.readString(said)).isIn(0, 3);
                assertThat(Files.readString(said)).doesNotContain("tutti_");
            });
        }
    }
}
