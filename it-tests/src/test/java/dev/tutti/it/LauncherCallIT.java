package dev.tutti.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** From where the launcher can be called, and that what it is told reaches the program. */
class LauncherCallIT extends WithLauncher {
    LauncherCallIT() {
        super("a folder of ours");
    }

    @Test
    void argumentsArriveUnchanged() {
        TuttiProcess.Ended ended = tree.run("two words", "", "*", "$HOME", "a\"b'c\\", "--set", "x=y");

        assertThat(ended.out()).isEqualTo("<two words>\n<>\n<*>\n<$HOME>\n<a\"b'c\\>\n<--set>\n<x=y>\n");
    }

    @Test
    void noArgumentsAreNone() {
        assertThat(tree.run().out()).isEmpty();
    }

    @Test
    void exitCodeAndJvmOptionsPassThrough() {
        tree.environment().put("TUTTI_JAVA_OPTS", "-Decho=heard  -Dexit=69");

        TuttiProcess.Ended ended = tree.run("train");

        assertThat(ended.out()).isEqualTo("<train>\nheard");
        assertThat(ended.exitCode()).isEqualTo(69);
    }

    @Test
    void worksFromItsOwnFolder() throws Exception {
        assertThat(tree.start(tree.root(), "./tutti", "here").waitForEnd().out())
                .isEqualTo("<here>\n");
        assertThat(tree.start(tree.root(), "bash", "tutti", "here").waitForEnd().out())
                .isEqualTo("<here>\n");
        assertThat(tree.builds()).hasSize(1);
    }

    @Test
    void worksThroughLinks() throws Exception {
        Path bin = Files.createDirectories(folder.resolve("bin dir"));
        Files.createSymbolicLink(bin.resolve("tutti-dev"), Path.of("../a folder of ours/tutti"));
        Path link = Files.createSymbolicLink(folder.resolve("t"), bin.resolve("tutti-dev"));

        assertThat(tree.start(folder, link.toString(), "linked").waitForEnd().out())
                .isEqualTo("<linked>\n");
        assertThat(tree.has("deploy/target/lib")).isTrue();
    }

    @Test
    void worksThroughThePath() throws Exception {
        tree.environment().merge("PATH", tree.root().toString(), (path, more) -> more + ":" + path);

        assertThat(tree.start(folder, "bash", "-c", "tutti found").waitForEnd().out())
                .isEqualTo("<found>\n");
    }

    @Test
    void folderOfTheSameNameInCdpathIsNotTaken() throws Exception {
        Path elsewhere = folder.resolve("elsewhere");
        Files.createDirectories(elsewhere.resolve("a folder of ours"));
        tree.environment().put("CDPATH", elsewhere.toString());

        TuttiProcess.Ended ended =
                tree.start(folder, "bash", "a folder of ours/tutti", "ours").waitForEnd();

        assertThat(ended.out()).as(ended.err()).isEqualTo("<ours>\n");
        assertThat(tree.has("deploy/target/lib")).isTrue();
    }
}
