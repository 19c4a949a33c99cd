package dev.tutti.client.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code tutti bench …}: how fast this machine is. */
@Command(name = "bench", mixinStandardHelpOptions = true, description = "Measures how fast this machine trains.")
final class BenchCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    private BenchCommand() {}

    static CommandLine commandLine(Shell shell) {
        CommandLine bench = new CommandLine(new BenchCommand())
                .addSubcommand(new BenchStepCommand(shell))
                .addSubcommand(new BenchKernelsCommand(shell));
        // The bundle for GPU machines, whose launcher says so, has nothing of the network.
        if (!Boolean.getBoolean("tutti.bundle")) {
            bench.addSubcommand(new BenchExchangeCommand(shell));
        }
        return bench.addSubcommand(new BenchOptimizerCommand(shell));
    }

    @Override
    public Integer call() {
        throw new ParameterException(
                spec.commandLine(),
                "name one of " + String.join(", ", spec.subcommands().keySet()));
    }
}
