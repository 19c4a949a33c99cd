package dev.tutti.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;

/**
 * Runs the command line in processes of its own, from this build's {@link Distribution}, in a folder of the test. All
 * of them, and whatever they started, end with the test.
 */
final class TuttiProcesses implements AutoCloseable {
    private static final String MAIN = "dev.tutti.client.cli.Tutti";

    private final Path folder;
    private final List<String> flags;
    private final List<TuttiProcess> started = new ArrayList<>();

    /** @param folder empty; the processes' working folder, and where their output goes */
    TuttiProcesses(Path folder) {
        this(folder, List.of());
    }

    /** @param flags for their JVMs */
    TuttiProcesses(Path folder, List<String> flags) {
        this.folder = folder;
        this.flags = new ArrayList<>(flags);
        this.flags.add("-Dtutti.test.folder=" + folder);
        // The test's own end may be a signal.
        Runtime.getRuntime().addShutdownHook(new Thread(this::close));
    }

    /** Runs a command to its end. */
    TuttiProcess.Ended run(String... arguments) {
        return start("command", List.of(arguments)).waitForEnd();
    }

    /** Starts a role, with settings as on the command line: {@code grpc.port} and so on. */
    TuttiProcess role(String role, Map<String, String> settings) {
        return role(role, List.of(), settings);
    }

    TuttiProcess role(String role, List<String> options, Map<String, String> settings) {
        List<String> arguments = new ArrayList<>(List.of(role));
        arguments.addAll(options);
        settings.forEach((key, value) -> arguments.addAll(List.of("--set", key + "=" + value)));
        return start(role, arguments);
    }

    TuttiProcess start(String name, List<String> arguments) {
        String unique = name + "-" + started.size();
        Path readyFile = folder.resolve(unique + ".ready.json");
        List<String> command = new ArrayList<>(Distribution.command(flags));
        command.add(MAIN);
        command.addAll(arguments);
        if (arguments.getFirst().matches("coordinator|parameter-server|worker")) {
            command.addAll(List.of("--ready-file", readyFile.toString()));
        }
        Path out = folder.resolve(unique + ".out");
        Path err = folder.resolve(unique + ".err");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().keySet().removeIf(variable -> variable.startsWith("TUTTI_"));
        try {
            TuttiProcess process = new TuttiProcess(unique, builder.start(), out, err, readyFile);
            started.add(process);
            return process;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Processes on this machine that were started, directly or by a process of ours, for this test, and still run. */
    List<String> left() {
        return ProcessHandle.allProcesses()
                .filter(ProcessHandle::isAlive)
                .map(handle -> handle.info().commandLine().orElse(""))
                .filter(line -> line.contains("-Dtutti.test.folder=" + folder))
                .toList();
    }

    /** For children whose parent was killed: they notice by themselves. */
    void awaitNothingLeft() {
        Awaitility.await("nothing is left running")
                .atMost(Duration.ofSeconds(30))
                .until(() -> left().isEmpty());
    }

    @Override
    public void close() {
        List<ProcessHandle> all = started.stream()
                .flatMap(process -> process.withDescendants().stream())
                .toList();
        all.forEach(ProcessHandle::destroyForcibly);
        all.forEach(handle -> handle.onExit().join());
    }
}
