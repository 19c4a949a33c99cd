package dev.tutti.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/** When the launcher builds, and what it says of it. */
class LauncherBuildIT extends WithLauncher {
    LauncherBuildIT() {
        super("repository");
    }

    @Test
    void firstCallBuildsAndTheSecondRunsAtOnce() throws Exception {
        TuttiProcess.Ended first = tree.run("train", "job.yaml");

        assertThat(first.err())
                .startsWith("tutti: building, because this is the first call")
                .hasLineCount(1);
        assertThat(first.out()).as("nothing but the program's own output").isEqualTo("<train>\n<job.yaml>\n");
        assertThat(first.exitCode()).isZero();

        TuttiProcess.Ended second = tree.run("train", "job.yaml");

        assertThat(second.err()).isEmpty();
        assertThat(second.out()).isEqualTo(first.out());
        assertThat(tree.builds()).hasSize(1);
    }

    @Test
    void changedSourceBuildsAgain() throws Exception {
        tree.run();
        tree.write(LauncherTree.SOURCE, "class Worker { int more; }");

        assertThat(tree.run().err()).contains("building, because the sources have changed");
        assertThat(tree.builds()).hasSize(2);
        assertThat(tree.run().err()).isEmpty();
    }

    @Test
    void changedPomBuildsAgain() throws Exception {
        tree.run();
        tree.write("worker/pom.xml", "<project>changed</project>");

        assertBuildsOnceMore();
    }

    @Test
    void addedSourceBuildsAgain() throws Exception {
        tree.run();
        tree.write("worker/src/main/java/Added.java", "class Added {}");

        assertBuildsOnceMore();
    }

    @Test
    void deletedSourceBuildsAgain() throws Exception {
        tree.run();
        tree.delete(LauncherTree.SOURCE);

        assertBuildsOnceMore();
    }

    @Test
    void sourceOfAnOlderDateBuildsAgain() throws Exception {
        tree.run();
        tree.write(LauncherTree.SOURCE, "class Worker { int before; }");
        // As rsync and tar do it.
        Files.setLastModifiedTime(
                tree.root().resolve(LauncherTree.SOURCE),
                FileTime.from(Instant.now().minus(Duration.ofDays(1))));

        assertBuildsOnceMore();
    }

    @Test
    void sourceChangedDuringTheBuildBuildsAgain() throws Exception {
        TuttiProcess launcher = tree.startHeldBuild();
        tree.write(LauncherTree.SOURCE, "class Worker { int late; }");
        tree.delete("mvn.held");
        launcher.waitForEnd();

        assertBuildsOnceMore();
    }

    @Test
    void touchedSourceDoesNotBuild() throws Exception {
        tree.run();
        Files.setLastModifiedTime(
                tree.root().resolve(LauncherTree.SOURCE),
                FileTime.from(Instant.now().plus(Duration.ofHours(1))));

        assertDoesNotBuildAgain();
    }

    @Test
    void testsAndEditorsFilesDoNotBuild() throws Exception {
        tree.run();
        tree.write("worker/src/test/java/WorkerTest.java", "class WorkerTest {}");
        tree.write("worker/src/main/java/.Worker.java.swp", "b0VIM");
        tree.write("worker/src/main/java/Worker.java~", "class Worker {}");

        assertDoesNotBuildAgain();
    }

    @Test
    void failedBuildPrintsItsErrorsAndIsTriedAgain() throws Exception {
        tree.write("mvn.fails", "");

        TuttiProcess.Ended failed = tree.run("train");

        assertThat(failed.exitCode()).isEqualTo(1);
        assertThat(failed.out()).isEmpty();
        assertThat(failed.err())
                .contains("[ERROR] Worker.java:[1,7] cannot find symbol", "the build failed", "tutti-build.log")
                .doesNotContain("[INFO]");
        assertThat(tree.root().resolve("deploy/target/tutti-build.log"))
                .content()
                .contains("[INFO] compiling");
        assertThat(tree.has("deploy/target/lib")).as("half a build").isFalse();
        assertThat(tree.run().exitCode()).isEqualTo(1);
        assertThat(tree.builds()).hasSize(2);

        tree.delete("mvn.fails");

        assertThat(tree.run("train").out()).isEqualTo("<train>\n");
        assertThat(tree.builds()).hasSize(3);
    }

    @Test
    void failedBuildKeepsWhatWasBuiltBefore() throws Exception {
        tree.run();
        tree.write(LauncherTree.SOURCE, "class Worker {");
        tree.write("mvn.fails", "");

        assertThat(tree.run().exitCode()).isEqualTo(1);

        assertThat(tree.root().resolve("deploy/target/lib")).isDirectoryNotContaining("glob:**half.jar");
        assertThat(tree.run().err()).doesNotContain("first call");
        tree.environment().put("TUTTI_SKIP_BUILD", "yes");
        assertThat(tree.run("train").out()).isEqualTo("<train>\n");
        assertThat(tree.builds()).hasSize(3);
    }

    @Test
    void skipBuildWithoutABuildSaysSo() throws Exception {
        tree.environment().put("TUTTI_SKIP_BUILD", "yes");

        TuttiProcess.Ended ended = tree.run();

        assertThat(ended.err()).isEqualTo("tutti: is not built, and TUTTI_SKIP_BUILD is set\n");
        assertThat(ended.exitCode()).isEqualTo(1);
        assertThat(tree.builds()).isEmpty();
    }

    @Test
    void withoutMavenThereIsOneSentence() throws Exception {
        Files.delete(folder.resolve("maven/mvn"));

        TuttiProcess.Ended ended = tree.run();

        assertThat(ended.err())
                .startsWith("tutti: ")
                .contains("no mvn on the PATH")
                .hasLineCount(1);
        assertThat(ended.exitCode()).isEqualTo(1);
        assertThat(tree.has("deploy/target/tutti.lock")).isFalse();
    }

    private void assertBuildsOnceMore() throws IOException {
        tree.run();
        assertThat(tree.builds()).hasSize(2);
        tree.run();
        assertThat(tree.builds()).as("and then no more").hasSize(2);
    }

    private void assertDoesNotBuildAgain() throws IOException {
        assertThat(tree.run().err()).isEmpty();
        assertThat(tree.builds()).hasSize(1);
    }
}
