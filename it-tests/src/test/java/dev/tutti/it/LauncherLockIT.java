package dev.tutti.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Calls at the same time, and builds that are interrupted or killed. */
class LauncherLockIT extends WithLauncher {
    private static final String LOCK = "deploy/target/tutti.lock";

    LauncherLockIT() {
        super("repository");
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

    @ParameterizedTest
    @ValueSource(strings = {"INT", "TERM", "HUP"})
    void interruptedBuildEndsItsMavenAndLeavesNothing(String signal) throws Exception {
        Skips.unless(reaches(signal), "this process ignores SIG" + signal + ", and so does what it starts");
        tree.run();
        tree.write(LauncherTree.SOURCE, "class Worker { int more; }");
        TuttiProcess launcher = tree.startHeldBuild();

        launcher.signal(signal);
        TuttiProcess.Ended ended = launcher.waitForEnd();

        assertThat(ended.exitCode()).isEqualTo(130);
        assertThat(ended.err()).as("nothing of its shell").hasLineCount(1);
        assertThat(tree.isMavenRunning()).isFalse();
        assertThat(tree.has(LOCK)).isFalse();
        assertThat(tree.has("deploy/target/tutti.stamp")).isFalse();
        assertKept();
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

    /** After a restart of the machine, say, or in the next container. */
    @Test
    void lockWhoseNumberIsAnotherProcessNowIsTakenOver() throws Exception {
        kill(tree.startHeldBuild());
        tree.delete("mvn.held");
        Path owner = owner();
        String name = owner.getFileName().toString();
        Files.move(owner, owner.resolveSibling(ProcessHandle.current().pid() + name.substring(name.indexOf('-'))));

        assertThat(tree.run("train").out()).isEqualTo("<train>\n");
    }

    @Test
    void lockOfAnotherMachineIsWaitedForUntilItIsOld() throws Exception {
        kill(tree.startHeldBuild());
        tree.delete("mvn.held");
        Path owner = owner();
        Files.move(owner, owner.resolveSibling("1-1-elsewhere"));

        TuttiProcess waiting = tree.start("train");
        waiting.awaitSaid("elsewhere");
        assertThat(waiting.err()).contains(tree.root().resolve(LOCK).toString());
        assertThat(tree.builds()).hasSize(1);
        Files.setLastModifiedTime(owner.getParent(), FileTime.from(Instant.now().minus(Duration.ofHours(3))));

        assertThat(waiting.waitForEnd().out()).isEqualTo("<train>\n");
    }

    @Test
    void lockOfAProcessThatNeverSaidWhoItWasIsTakenOverOnceItIsOld() throws Exception {
        Path lock = Files.createDirectories(tree.root().resolve(LOCK));
        Files.setLastModifiedTime(lock, FileTime.from(Instant.now().minus(Duration.ofMinutes(3))));

        assertThat(tree.run("train").out()).isEqualTo("<train>\n");
    }

    @Test
    void killedBuildIsNotTakenForAGoodOne() throws Exception {
        tree.run();
        tree.write(LauncherTree.SOURCE, "class Worker { int more; }");
        kill(tree.startHeldBuild());
        tree.delete("mvn.held");
        tree.write("mvn.fails", "");

        assertThat(tree.run().exitCode()).isEqualTo(1);

        assertKept();
    }

    @Test
    void whenNothingCanBeWrittenThereIsOneSentence() throws Exception {
        tree.write("deploy/target", "a file where a folder should be");

        TuttiProcess.Ended ended = tree.run();

        assertThat(ended.exitCode()).isEqualTo(1);
        assertThat(ended.err())
                .startsWith("tutti: ")
                .contains(tree.root().resolve("deploy/target").toString())
                .hasLineCount(1);
    }

    /** What was built before the one that went wrong is there, whole, and nothing of the other. */
    private void assertKept() throws IOException {
        try (Stream<Path> jars = Files.list(tree.root().resolve("deploy/target/lib"))) {
            assertThat(jars.map(Path::getFileName)).containsExactly(Path.of("echo.jar"));
        }
        tree.environment().put("TUTTI_SKIP_BUILD", "yes");
        assertThat(tree.run("train").out()).isEqualTo("<train>\n");
    }

    /** SIGKILL to the launcher and its Maven, as the end of a machine would. */
    private void kill(TuttiProcess launcher) {
        List<ProcessHandle> all = launcher.withDescendants();
        launcher.kill();
        all.forEach(ProcessHandle::destroyForcibly);
        LauncherTree.await(() -> !tree.isMavenRunning());
    }

    /** A shell cannot catch what was ignored when it started. */
    private static boolean reaches(String signal) throws Exception {
        String script = "trap 'exit 3' " + signal + "; kill -" + signal + " $$; exit 4";
        return new ProcessBuilder("bash", "-c", script).start().waitFor() == 3;
    }

    private Path owner() throws IOException {
        try (Stream<Path> files = Files.list(tree.root().resolve(LOCK))) {
            return files.findFirst().orElseThrow();
        }
    }
}
