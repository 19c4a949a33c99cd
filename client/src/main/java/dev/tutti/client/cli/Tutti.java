package dev.tutti.client.cli;

import dev.tutti.client.local.Roles;
import dev.tutti.proto.wording.FileTrouble;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command line's root, and the process's {@code main}. */
@Command(
        name = "tutti",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Trains models on a cluster of workers and parameter servers.",
        synopsisSubcommandLabel = "COMMAND",
        footer = {
            "",
            "Start with 'tutti quickstart'. 'tutti COMMAND --help' explains a command.",
            "Exit codes: 0 ok, 1 job failed, 2 usage or job file, 3 not found, 4 unreachable, 6 timeout, 8 cancelled,",
            "130 interrupted."
        })
public final class Tutti implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    Tutti() {}

    public static void main(String[] arguments) {
        System.exit(run(Shell.ofProcess(), arguments));
    }

    /** @return the exit code */
    static int run(Shell shell, String... arguments) {
        int code = commandLine(shell).execute(arguments);
        Optional<IOException> failure = shell.out().failure();
        failure.ifPresent(e -> shell.say("cannot write to standard output: " + FileTrouble.reason(e)));
        return code == ExitCodes.OK && failure.isPresent() ? ExitCodes.FAILED : code;
    }

    static CommandLine commandLine(Shell shell) {
        var err = new PrintWriter(new NarrationWriter(shell.narration()), true);
        var out = new PrintWriter(shell.out(), true, StandardCharsets.UTF_8);
        CommandLine root = new CommandLine(new Tutti())
                .addSubcommand(new QuickstartCommand(shell))
                .addSubcommand(new TrainCommand(shell))
                .addSubcommand(new DevCommand(shell))
                .addSubcommand(
                        "coordinator",
                        RoleCommand.commandLine(
                                shell, Roles.COORDINATOR, "accepts jobs, deals out their work and remembers them"))
                .addSubcommand(
                        "parameter-server",
                        RoleCommand.commandLine(
                                shell,
                                Roles.PARAMETER_SERVER,
                                "holds a part of each job's parameters and applies gradients to it"))
                .addSubcommand(
                        "worker",
                        RoleCommand.commandLine(shell, Roles.WORKER, "reads a job's data and computes gradients"))
                .addSubcommand(new SubmitCommand(shell))
                .addSubcommand(JobsCommand.commandLine(shell))
                .addSubcommand(CheckpointsCommand.commandLine(shell))
                .addSubcommand(BenchCommand.commandLine(shell))
                .addSubcommand(new GenerateCompletion());
        return root.setOut(out)
                .setErr(err)
                .setParameterExceptionHandler(new UsageErrors(shell))
                .setExecutionExceptionHandler(new Failures(shell))
                .setAbbreviatedOptionsAllowed(false)
                .setUsageHelpWidth(110)
                .setUsageHelpAutoWidth(false);
    }

    @Override
    public Integer call() {
        throw new ParameterException(spec.commandLine(), "name a command");
    }
}
