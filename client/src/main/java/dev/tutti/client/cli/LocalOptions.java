package dev.tutti.client.cli;

import dev.tutti.client.local.ClusterPlan;
import dev.tutti.client.local.ClusterPlan.Home;
import dev.tutti.client.local.ClusterPlan.Ports;
import dev.tutti.client.yaml.Assignment;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.wording.Words;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Of a cluster that lives as long as the command. */
final class LocalOptions {
    static final int DEV_WORKERS = 2;
    static final int DEV_PARAMETER_SERVERS = 1;

    /** On two cores 20 members in one process take half a minute to find each other, 40 take two, and 60 are not through within the time limit. */
    private static final int MOST_MEMBERS = 64;

    @Option(
            names = "--workers",
            paramLabel = "N",
            description =
                    "Workers to start, and to train with (default: what the job says; of dev, " + DEV_WORKERS + ").")
    private Optional<Integer> workers = Optional.empty();

    @Option(
            names = "--parameter-servers",
            paramLabel = "N",
            description =
                    "Parameter servers to start (default: what the job says; of dev, " + DEV_PARAMETER_SERVERS + ").")
    private Optional<Integer> parameterServers = Optional.empty();

    @Option(names = "--processes", description = "Give every role a process of its own.")
    private boolean processes;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Where data sets are (default: $$TUTTI_DATA, else data); mnist is DIR/mnist.")
    private Optional<Path> data = Optional.empty();

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "Settings (HOCON) for the roles this command starts.")
    private Optional<Path> config = Optional.empty();

    /** What {@code --workers} and {@code --parameter-servers} mean for the job. */
    List<Assignment> assignments() throws CommandException {
        var assignments = new ArrayList<Assignment>();
        if (workers.isPresent()) {
            int count = atLeastOne("--workers", workers.get());
            assignments.add(new Assignment(
                    "--workers " + count, "cluster.workers", "{min: %d, max: %d}".formatted(count, count)));
        }
        if (parameterServers.isPresent()) {
            int count = atLeastOne("--parameter-servers", parameterServers.get());
            assignments.add(new Assignment(
                    "--parameter-servers " + count, "cluster.parameter-servers", Integer.toString(count)));
        }
        return assignments;
    }

    int workersOr(int fallback) throws CommandException {
        return workers.isPresent() ? atLeastOne("--workers", workers.get()) : fallback;
    }

    int parameterServersOr(int fallback) throws CommandException {
        return parameterServers.isPresent() ? atLeastOne("--parameter-servers", parameterServers.get()) : fallback;
    }

    boolean processes() {
        return processes;
    }

    /** A cluster of just the size the job asks for. */
    ClusterPlan plan(JobSpec spec, Path runFolder, Path checkpoints) throws CommandException {
        return plan(
                spec.getCluster().getParameterServers(),
                spec.getCluster().getWorkers().getMax(),
                runFolder,
                checkpoints,
                Ports.FREE);
    }

    /** @throws CommandException if no such cluster could start; nothing has been created for it yet */
    ClusterPlan plan(int parameterServerCount, int workerCount, Path runFolder, Path checkpoints, Ports ports)
            throws CommandException {
        if (data.isPresent() && !Files.isDirectory(data.get())) {
            throw new CommandException(ExitCodes.USAGE, "--data %s is not a folder".formatted(data.get()));
        }
        if (config.isPresent() && !Files.isRegularFile(config.get())) {
            throw new CommandException(ExitCodes.USAGE, "--config %s is not a file".formatted(config.get()));
        }
        if ((long) parameterServerCount + workerCount > MOST_MEMBERS) {
            throw new CommandException(
                    ExitCodes.USAGE,
                    "%s and %s are too many for one machine, which can have %d together; start more of them elsewhere"
                            .formatted(
                                    Words.count(parameterServerCount, "parameter server"),
                                    Words.count(workerCount, "worker"),
                                    MOST_MEMBERS));
        }
        return new ClusterPlan(
                parameterServerCount,
                workerCount,
                runFolder,
                checkpoints,
                data,
                config,
                ports,
                processes ? Home.OWN_PROCESSES : Home.ONE_PROCESS);
    }

    private static int atLeastOne(String option, int count) throws CommandException {
        if (count < 1) {
            throw new CommandException(ExitCodes.USAGE, "%s must be at least 1, but is %d".formatted(option, count));
        }
        return count;
    }
}
