package dev.tutti.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.launch.RoleSettings;
import dev.tutti.proto.v1.Role;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NodeConfigTest {
    @TempDir
    Path folder;

    @Test
    void defaultsDifferByRole() throws Exception {
        NodeConfig coordinator = read(Role.ROLE_COORDINATOR, Optional.empty(), Map.of(), Map.of());
        NodeConfig worker = read(Role.ROLE_WORKER, Optional.empty(), Map.of(), Map.of());

        assertThat(coordinator.cluster().port()).isEqualTo(7355);
        assertThat(coordinator.cluster().seeds()).isEmpty();
        assertThat(coordinator.grpc().port()).isEqualTo(7070);
        assertThat(coordinator.management().port()).isEqualTo(9090);
        assertThat(worker.cluster().port()).isZero();
        assertThat(worker.cluster().seeds()).containsExactly("127.0.0.1:7355");
        assertThat(worker.cluster().joinTimeout()).isEqualTo(Duration.ofSeconds(60));
        assertThat(worker.management().port()).isZero();
        assertThat(worker.member()).matches("worker-[0-9a-f]{6}");
    }

    @Test
    void fileThenEnvironmentThenCommandLine() throws Exception {
        Path file = file("tutti { data.folder = /from/file, state.folder = /from/file, worker.threads = 2 }");
        Map<String, String> environment = Map.of("TUTTI_DATA", "/from/environment", "TUTTI_STATE", "/from/environment");

        NodeConfig config = read(
                Role.ROLE_WORKER, Optional.of(file), Map.of("tutti.data.folder", "/from//command: line"), environment);

        assertThat(config.worker().threads()).isEqualTo(2);
        assertThat(config.state().folder()).isEqualTo(Path.of("/from/environment"));
        assertThat(config.checkpoints().folder()).isEqualTo(Path.of("/from/environment/checkpoints"));
        assertThat(config.data().folder()).isEqualTo(Path.of("/from/command: line"));
    }

    @Test
    void seedsOnTheCommandLineAreWordsBetweenCommasOrAList() throws Exception {
        NodeConfig words =
                read(Role.ROLE_WORKER, Optional.empty(), Map.of("tutti.cluster.seeds", "a:1, b:2"), Map.of());
        NodeConfig list =
                read(Role.ROLE_WORKER, Optional.empty(), Map.of("tutti.cluster.seeds", "[\"a:1\", \"b:2\"]"), Map.of());

        assertThat(words.cluster().seeds()).containsExactly("a:1", "b:2");
        assertThat(list.cluster().seeds()).containsExactly("a:1", "b:2");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\'',
            value = {
                "tutti.grcp.port = 1 | unknown key tutti.grcp; did you mean tutti.grpc?",
                "tutti.grpc.prot = 1 | unknown key tutti.grpc.prot; did you mean tutti.grpc.port?",
                "nothing.alike = 1 | unknown key nothing",
                "tutti.grpc.port = seven | tutti.grpc.port must be a number, got \"seven\"",
                "tutti.host = [a] | tutti.host has type LIST rather than STRING",
                "tutti.grpc.port = 70000 | tutti.grpc.port must lie between 0 and 65535; got 70000",
                "tutti.worker = 4 | tutti.worker is a section, not a value; it has tutti.worker.backend,"
                        + " tutti.worker.plugins, tutti.worker.threads",
                "tutti.host { name = x } | tutti.host is a value, not a section",
                "tutti.cluster.seeds = [here] | tutti.cluster.seeds needs host:port, e.g. 127.0.0.1:7355; got \"here\"",
                "tutti.cluster.join-timeout = 0s | tutti.cluster.join-timeout must be longer than nothing; got 0 s",
            })
    void aMistakeIsNamedWithFileAndLine(String line, String sentence) throws Exception {
        Path file = file("# a comment\n" + line + "\n");

        LaunchException failure = failure(Optional.of(file), Map.of());

        assertThat(failure).hasMessage(file + ":2: " + sentence);
        assertThat(failure.exitCode()).isEqualTo(2);
    }

    @Test
    void aFileThatIsNoHoconIsNamedWithItsLine() throws Exception {
        Path file = file("tutti {\n  host = [\n}\n");

        assertThat(failure(Optional.of(file), Map.of()))
                .hasMessageStartingWith(file + ": 3: ")
                .hasMessageNotContaining("\n");
    }

    @Test
    void aMissingFileIsNamed() {
        Path missing = folder.resolve("missing.conf");

        assertThat(failure(Optional.of(missing), Map.of())).hasMessage("no configuration file " + missing);
        assertThat(failure(Optional.of(folder), Map.of()))
                .hasMessage(folder + " is a folder; name the configuration file in it");
    }

    @Test
    void anUnknownOverrideIsNamed() {
        assertThat(failure(Optional.empty(), Map.of("tutti.worker.thread", "2")))
                .hasMessage("command line: unknown key tutti.worker.thread; did you mean tutti.worker.threads?");
    }

    @Test
    void aWrongOverrideSaysOnceWhereItCameFrom() {
        assertThat(failure(Optional.empty(), Map.of("tutti.grpc.port", "abc")))
                .hasMessage("command line: tutti.grpc.port must be a number, got \"abc\"");
        assertThat(failure(Optional.empty(), Map.of("tutti.cluster.join-timeout", "soon")))
                .hasMessage("command line: tutti.cluster.join-timeout must be a duration such as 8s, got \"soon\"");
    }

    @Test
    void passwordsAreNotShown() throws Exception {
        NodeConfig config =
                read(Role.ROLE_COORDINATOR, Optional.empty(), Map.of("tutti.journal.password", "secret"), Map.of());

        assertThat(config.journal().password()).isEqualTo("secret");
        assertThat(config.toString()).contains("password=***").doesNotContain("secret");
    }

    private LaunchException failure(Optional<Path> file, Map<String, String> overrides) {
        return catchThrowableOfType(LaunchException.class, () -> read(Role.ROLE_WORKER, file, overrides, Map.of()));
    }

    private static NodeConfig read(
            Role role, Optional<Path> file, Map<String, String> overrides, Map<String, String> environment)
            throws LaunchException {
        return NodeConfigReader.read(role, new RoleSettings(file, overrides), environment);
    }

    private Path file(String content) throws Exception {
        return Files.writeString(folder.resolve("node.conf"), content);
    }
}
