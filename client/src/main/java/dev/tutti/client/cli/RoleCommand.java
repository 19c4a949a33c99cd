package dev.tutti.client.cli;

import dev.tutti.client.local.ReadyFile;
import dev.tutti.client.local.Roles;
import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.launch.RoleSettings;
import dev.tutti.proto.launch.RunningRole;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tutti coordinator}, {@code tutti parameter-server} and {@code tutti worker}: one role as this process. */
@Command(mixinStandardHelpOptions = true)
final class RoleCommand implements Callable<Integer> {
    private static final long END_PATIENCE_SECONDS = 20;

    private final Shell shell;
    private final String role;
    private final CompletableFuture<Void> asked = new CompletableFuture<>();
    private final AtomicBoolean launched = new AtomicBoolean();

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "Settings in HOCON; docs/configuration.md lists the keys.")
    private Optional<Path> config = Optional.empty();

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Set one key, such as grpc.port=7071; wins over the file. May be repeated.")
    private List<String> settings = List.of();

    @Option(
            names = "--ready-file",
            paramLabel = "FILE",
            hidden = true,
            description = "Write the addresses here once ready.")
    private Optional<Path> readyFile = Optional.empty();

    @Option(
            names = "--exit-with-parent",
            paramLabel = "PID",
            hidden = true,
            description = "End when that process does.")
    private Optional<Long> parent = Optional.empty();

    @Mixin
    private LogLevel log = new LogLevel();

    private RoleCommand(Shell shell, String role) {
        this.shell = shell;
        this.role = role;
    }

    /** @param does what the role does, for its help */
    static CommandLine commandLine(Shell shell, String role, String does) {
        var command = new CommandLine(new RoleCommand(shell, role));
        command.getCommandSpec()
                .usageMessage()
                .description("Runs a %s as this process until it is terminated: it %s."
                        .formatted(role.replace('-', ' '), does));
        return command;
    }

    @Override
    public Integer call() throws CommandException, LaunchException, IOException {
        log.talkative();
        listenForTheEnd();
        var roleSettings = new RoleSettings(config, overrides());
        try (RunningRole running = Roles.inThisProcess(role).launch(roleSettings)) {
            launched.set(true);
            if (readyFile.isPresent()) {
                ReadyFile.of(running).write(readyFile.get());
            }
            shell.say(introduction(running));
            CompletableFuture.anyOf(asked, running.ended()).join();
            return ExitCodes.OK;
        } catch (CompletionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            shell.say("%s ended: %s".formatted(role, cause.getMessage()));
            return ExitCodes.FAILED;
        }
    }

    private void listenForTheEnd() {
        if (parent.isPresent()) {
            Signals.ignoreInterrupt();
            Signals.onTermination(this::end);
            var _ = ProcessHandle.of(parent.get())
                    .map(ProcessHandle::onExit)
                    .orElseGet(() -> CompletableFuture.completedFuture(null))
                    .thenRun(this::endSoon);
        } else {
            Signals.onInterruptOrTermination(this::end);
        }
    }

    /** In order once the role runs; before that there is nothing to end but the process. */
    private void end() {
        asked.complete(null);
        if (!launched.get()) {
            Runtime.getRuntime().exit(ExitCodes.OK);
        }
    }

    /** Nobody is left to end this process if it does not end by itself. */
    private void endSoon() {
        CompletableFuture.delayedExecutor(END_PATIENCE_SECONDS, TimeUnit.SECONDS)
                .execute(() -> Runtime.getRuntime().halt(ExitCodes.FAILED));
        end();
    }

    private Map<String, String> overrides() throws CommandException {
        var overrides = new HashMap<String, String>();
        for (String setting : settings) {
            int equals = setting.indexOf('=');
            if (equals < 1) {
                throw new CommandException(
                        ExitCodes.USAGE,
                        "--set %s: write key=value, for example --set grpc.port=7071".formatted(setting));
            }
            String key = setting.substring(0, equals).strip();
            overrides.put(
                    key.startsWith("tutti.") ? key : "tutti." + key,
                    setting.substring(equals + 1).strip());
        }
        return overrides;
    }

    private static String introduction(RunningRole role) {
        String grpc = role.grpcAddress().isEmpty() ? "" : ", gRPC " + role.grpcAddress();
        return "%s is ready: cluster %s%s, %s"
                .formatted(role.member(), role.clusterAddress(), grpc, role.managementUrl());
    }
}
