package dev.tutti.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Calls at the same time, and builds that are interrupted or killed. */
class LauncherLockIT {
    private static final String LOCK = "deploy/target/tutti.lock";

    @TempDir
    Path folder;

    private LauncherTree tree;

    @BeforeEach
    void open() throws IOException {
        tree = new LauncherTree(folder, "repository");
    }

    @AfterEach
    void close() {
        tree.close();
    }

    @Test
    void firstCallsAtTheSameTimeBuildOnceAndAllRun() throws Exception {
        TuttiProcess builder = tree.startHeldBuild();
        List<TuttiProcess> others = List.of(tree.start("second"), tree.start("third"));
        for (TuttiProcess other : others) {
            other.awaitSaid("another call is building");
        }
        tree.delete("mvn.held");

        assertThat(builder.waitForEnd().out()).isEqualTo("<held>\n");
        assertThat(others.getFirst().waitForEnd().out()).isEqualTo("<second>\n");
        assertThat(others.getLast().waitForEnd().out()).isEqualTo("<third>\n");
        assertThat(tree.builds()).hasSize(1);
        assertThat(tree.has(LOCK)).isFalse();
    }

    @Test
    void lockOfADeadProcessIsTakenOverByOne() throws Exception {
        kill(tree.startHeldBuild());
        tree.delete("mvn.held");

        TuttiProcess first = tree.start("first");
        TuttiProcess second = tree.start("second");

        assertThat(first.waitForEnd().out()).isEqualTo("<first>\n");
        assertThat(second.waitForEnd().out()).isEqualTo("<second>\n");
        assertThat(tree.builds()).as("the killed one and one more").hasSize(2);
        assertThat(tree.has(LOCK)).isFalse();
    }

    @Test
    void lockOfAProcessThatNeverSaidWhoItWasIsTakenOverOnceItIsOld() throws Exception {
        Path lock = Files.createDirectories(tree.root().resolve(LOCK));
        Files.setLastModifiedTime(lock, FileTime.from(Instant.now().minus(Duration.ofMinutes(3))));

        assertThat(tree.run("train").out()).isEqualTo("<train>\n");
    }

    /** SIGKILL to the launcher and its Maven, as the end of a machine would. */
    private void kill(TuttiProcess launcher) {
        List<ProcessHandle> all = launcher.withDescendants();
        launcher.kill();
        all.forEach(ProcessHandle::destroyForcibly);
        LauncherTree.await(() -> !tree.isMavenRunning());
    }
}
