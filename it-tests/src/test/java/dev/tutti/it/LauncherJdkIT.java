package dev.tutti.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which JDK the launcher takes, and what it has it do. */
class LauncherJdkIT extends WithLauncher {
    private static final String CACHE = "deploy/target/tutti.aot";

    LauncherJdkIT() {
        super("repository");
    }

    @BeforeEach
    void hideJdks() throws IOException {
        // Not where this machine's JDKs are.
        tree.script(Files.readString(tree.root().resolve("tutti"))
                .replace(" /usr/lib/jvm/*", " " + folder + "/jvm/*")
                .replace(" /opt/j", " " + folder + "/opt/j")
                .replace(" /Library/", " " + folder + "/Library/"));
        tree.environment().put("JAVA_HOME", "");
    }

    @Test
    void javaHomeIsTakenFirstAndTheBuildRunsOnIt() throws Exception {
        Path wanted = tree.fakeJdk("wanted", "25.0.1");
        tree.fakeJdk("jvm/other", "25.0.1");
        tree.environment().put("JAVA_HOME", wanted.toString());

        assertRunsOn(wanted);
        assertThat(tree.builds()).containsExactly(wanted.toString());
    }

    @Test
    void wrongJavaHomeFallsThroughToTheNext() throws Exception {
        tree.environment().put("JAVA_HOME", tree.fakeJdk("old", "17.0.9").toString());
        Path ours = tree.fakeJdk("jvm/b-25", "25");
        tree.fakeJdk("jvm/a-251", "251.0.1");
        Files.delete(tree.fakeJdk("jvm/a-runtime", "25.0.1").resolve("bin/javac"));

        assertRunsOn(ours);
        assertThat(tree.builds()).as("Maven is not left with the wrong one").containsExactly(ours.toString());
    }

    @Test
    void linkOnThePathLeadsToItsJdk() throws Exception {
        Path jdk = tree.fakeJdk("somewhere/jdk", "25.0.1");
        Path bin = Files.createDirectories(folder.resolve("bin"));
        Files.createSymbolicLink(folder.resolve("tools/java.real"), jdk.resolve("bin/java"));
        Files.createSymbolicLink(bin.resolve("java"), Path.of("../tools/java.real"));
        tree.environment().merge("PATH", bin.toString(), (path, more) -> more + ":" + path);

        assertRunsOn(jdk);
    }

    @Test
    void jdkInTheHomeFolderIsFound() throws Exception {
        assertRunsOn(tree.fakeJdk("home/.sdkman/candidates/java/25-tem", "25.0.1"));
    }

    @Test
    void withoutAHomeFolderTheOthersAreLookedAt() throws Exception {
        tree.environment().remove("HOME");

        assertRunsOn(tree.fakeJdk("jvm/25", "25.0.1"));
    }

    @Test
    void withoutAJdkThereIsOneSentence() throws Exception {
        tree.environment().put("JAVA_HOME", tree.fakeJdk("jdk-17", "17.0.9").toString());

        TuttiProcess.Ended ended = tree.run();

        assertThat(ended.err())
                .startsWith("tutti: needs a JDK 25 and found none")
                .contains("JAVA_HOME")
                .hasLineCount(1);
        assertThat(ended.exitCode()).isEqualTo(1);
        assertThat(tree.builds()).isEmpty();
    }

    @Test
    void afterABuildTheCacheIsRecordedOnceAndUsed() throws Exception {
        recordCaches();

        TuttiProcess.Ended first = tree.run();
        TuttiProcess.Ended second = tree.run();

        assertThat(first.err()).contains("preparing fast starts");
        assertThat(first.out()).contains("<-XX:AOTCache=" + tree.root().resolve(CACHE) + ">");
        assertThat(second.err()).isEmpty();
        assertThat(second.out()).isEqualTo(first.out());
    }

    @Test
    void jarsOfAnotherBuildGetACacheOfTheirOwn() throws Exception {
        recordCaches();
        tree.run();
        Files.delete(tree.root().resolve("deploy/target/lib/echo.jar"));
        tree.write("deploy/target/lib/echo.jar", "by mvn");

        assertThat(tree.run().err()).contains("preparing fast starts").doesNotContain("building");
    }

    @Test
    void interruptedRecordingIsMadeUpFor() throws Exception {
        Path jdk = recordCaches();
        Path held = Files.writeString(jdk.resolve("bin/held"), "");
        TuttiProcess launcher = tree.start();
        launcher.awaitSaid("preparing fast starts");

        launcher.terminate();

        assertThat(launcher.waitForEnd().exitCode()).isEqualTo(130);
        assertThat(tree.has("deploy/target/tutti.lock")).isFalse();
        Files.delete(held);
        TuttiProcess.Ended next = tree.run();
        assertThat(next.err()).contains("preparing fast starts").doesNotContain("building");
        assertThat(next.out()).contains("-XX:AOTCache=");
    }

    @Test
    void failedRecordingIsNotTriedAtEveryCall() throws Exception {
        Path jdk = recordCaches();
        Path java = jdk.resolve("bin/java");
        Files.writeString(java, Files.readString(java).replace("echo cache", "false"));

        assertThat(tree.run().err()).contains("preparing fast starts");

        TuttiProcess.Ended next = tree.run();
        assertThat(next.err()).isEmpty();
        assertThat(next.out()).contains("<dev.tutti.client.cli.Tutti>").doesNotContain("AOTCache");
    }

    private Path recordCaches() throws IOException {
        Path jdk = tree.fakeJdk("jvm/jdk", "25.0.1");
        tree.environment().remove("TUTTI_SKIP_AOT");
        return jdk;
    }

    private void assertRunsOn(Path jdk) {
        TuttiProcess.Ended ended = tree.run();
        assertThat(ended.exitCode()).as(ended.err()).isZero();
        assertThat(ended.out()).startsWith("<" + jdk.resolve("bin/java") + ">\n");
    }
}
