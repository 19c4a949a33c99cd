package dev.tutti.client.local;

import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.launch.RoleSettings;
import dev.tutti.proto.launch.RunningRole;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Starts every role in a JVM of its own: the same java, flags and class path as this one. Children end when this process does. */
public final class ChildProcesses implements RoleStarter {
    private final String mainClass;
    private final Path folder;

    /**
     * @param mainClass the command line
     * @param folder where ready files and logs of the children go; exists
     */
    public ChildProcesses(String mainClass, Path folder) {
        this.mainClass = mainClass;
        this.folder = folder;
    }

    @Override
    public RunningRole start(String role, String name, RoleSettings settings, BooleanSupplier unwanted)
            throws LaunchException {
        Path readyFile = folder.resolve(name + ".ready.json");
        List<String> command = command(role, settings, readyFile);
        return ChildProcess.start(name, command, readyFile, folder.resolve(name + ".log"), unwanted);
    }

    private List<String> command(String role, RoleSettings settings, Path readyFile) {
        var command = new ArrayList<String>();
        command.add(ProcessHandle.current()
                .info()
                .command()
                .orElse(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(ChildProcesses::isForChildren)
                .forEach(command::add);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), mainClass, role));
        settings.file().ifPresent(file -> command.addAll(List.of("--config", file.toString())));
        settings.overrides().forEach((key, value) -> command.addAll(List.of("--set", key + "=" + value)));
        command.addAll(List.of(
                "--ready-file", readyFile.toString(),
                "--exit-with-parent", Long.toString(ProcessHandle.current().pid())));
        return command;
    }

    /** Not for children: what only one JVM can have, and what is said of this one's terminal. */
    private static boolean isForChildren(String argument) {
        return !argument.startsWith("-XX:AOTCacheOutput")
                && !argument.startsWith("-agentlib:jdwp")
                && !argument.startsWith("-Dtutti.terminal");
    }
}
