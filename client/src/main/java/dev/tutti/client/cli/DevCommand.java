package dev.tutti.client.cli;

import dev.tutti.client.TrainingClient;
import dev.tutti.client.TrainingException;
import dev.tutti.client.local.ChildProcesses;
import dev.tutti.client.local.ClusterPlan;
import dev.tutti.client.local.ClusterPlan.Ports;
import dev.tutti.client.local.LocalCluster;
import dev.tutti.client.local.LocalCluster.LossListener;
import dev.tutti.client.local.RoleStarter;
import dev.tutti.client.local.Roles;
import dev.tutti.client.local.StateFolder;
import dev.tutti.proto.launch.LaunchException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code tutti dev}. */
@Command(
        name = "dev",
        mixinStandardHelpOptions = true,
        description = "Starts a cluster on this machine that stays up for 'submit' until it is interrupted.")
final class DevCommand implements Callable<Integer> {
    private final Shell shell;

    @Mixin
    private LocalOptions local = new LocalOptions();

    @Mixin
    private StateOption state = new StateOption();

    @Mixin
    private LogLevel log = new LogLevel();

    DevCommand(Shell shell) {
        this.shell = shell;
    }

    @Override
    public Integer call() throws CommandException, LaunchException, IOException {
        log.quiet();
        Path folder = state.folder(shell).path();
        ClusterPlan plan = local.plan(
                local.parameterServersOr(LocalOptions.DEV_PARAMETER_SERVERS),
                local.workersOr(LocalOptions.DEV_WORKERS),
                folder,
                state.folder(shell).checkpoints(),
                Ports.CONFIGURED);
        Optional<Path> logs =
                local.processes() ? Optional.of(state.folder(shell).run(shell.clock())) : Optional.empty();
        state.folder(shell).ensureWritable(logs.stream().toArray(Path[]::new));
        RoleStarter starter = logs.<RoleStarter>map(run -> new ChildProcesses(Tutti.class.getName(), run))
                .orElseGet(RoleStarter::inThisProcess);
        var end = new CompletableFuture<Integer>();
        LossListener losses = (role, sentence) -> {
            shell.say(sentence);
            if (role.equals(Roles.COORDINATOR)) {
                end.complete(ExitCodes.FAILED);
            }
        };
        int code;
        try (var cluster = new LocalCluster(plan, starter, losses)) {
            var _ = Interruption.watch(() -> {
                shell.say("ending the cluster");
                end.complete(ExitCodes.OK);
                cluster.giveUp();
            });
            cluster.start();
            introduce(cluster, logs);
            code = end.join();
            if (code == ExitCodes.OK) {
                endJobs(cluster);
            }
        } catch (InterruptedException _) {
            code = end.getNow(ExitCodes.INTERRUPTED);
        }
        if (logs.isPresent() && code == ExitCodes.OK) {
            StateFolder.remove(logs.get());
        }
        return code;
    }

    private void endJobs(LocalCluster cluster) {
        try (TrainingClient client =
                TrainingClient.connect(cluster.coordinator().grpcAddress())) {
            LastJobs.cancel(client, shell::say);
        } catch (TrainingException e) {
            shell.say("the jobs may not have ended in order: " + e.getMessage());
        }
    }

    private void introduce(LocalCluster cluster, Optional<Path> logs) {
        String coordinator = cluster.coordinator().grpcAddress();
        shell.say("coordinator        gRPC %s  %s/metrics"
                .formatted(coordinator, cluster.coordinator().managementUrl()));
        cluster.parameterServers()
                .forEach(server -> shell.say("parameter server   gRPC %s  %s/metrics"
                        .formatted(server.grpcAddress(), server.managementUrl())));
        cluster.workers()
                .forEach(worker -> shell.say("worker             %s/metrics".formatted(worker.managementUrl())));
        logs.ifPresent(folder -> shell.say("logs               " + folder));
        var installation = Installation.ofProcess();
        shell.say("");
        shell.say("Ready. In another terminal:");
        shell.say("  %s submit %s --coordinator %s"
                .formatted(installation.command(), installation.example("mnist-mlp.yaml"), coordinator));
        shell.say("  %s jobs list --coordinator %s".formatted(installation.command(), coordinator));
        shell.say("Ctrl-C ends it.");
    }
}
