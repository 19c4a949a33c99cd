package dev.tutti.client.cli;

import dev.tutti.client.local.ChildProcesses;
import dev.tutti.client.local.ClusterPlan;
import dev.tutti.client.local.ClusterPlan.Ports;
import dev.tutti.client.local.LocalCluster;
import dev.tutti.client.local.LocalCluster.LossListener;
import dev.tutti.client.local.RoleStarter;
import dev.tutti.client.local.Roles;
import dev.tutti.proto.launch.LaunchException;
import java.nio.file.Path;
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
    private static final int WORKERS = 2;
    private static final int PARAMETER_SERVERS = 1;

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
    public Integer call() throws CommandException, LaunchException {
        log.quiet();
        Path folder = state.folder(shell).path();
        ClusterPlan plan = local.plan(
                local.parameterServersOr(PARAMETER_SERVERS),
                local.workersOr(WORKERS),
                folder,
                state.folder(shell).checkpoints(),
                Ports.CONFIGURED);
        state.folder(shell).ensureWritable();
        RoleStarter starter =
                local.processes() ? new ChildProcesses(Tutti.class.getName(), folder) : RoleStarter.inThisProcess();
        var end = new CompletableFuture<Integer>();
        LossListener losses = (role, sentence) -> {
            shell.say(sentence);
            if (role.equals(Roles.COORDINATOR)) {
                end.complete(ExitCodes.FAILED);
            }
        };
        try (var cluster = new LocalCluster(plan, starter, losses)) {
            var _ = Interruption.watch(() -> {
                shell.say("ending the cluster");
                end.complete(ExitCodes.OK);
                cluster.giveUp();
            });
            cluster.start();
            introduce(cluster);
            return end.join();
        } catch (InterruptedException _) {
            return end.getNow(ExitCodes.INTERRUPTED);
        }
    }

    private void introduce(LocalCluster cluster) {
        String coordinator = cluster.coordinator().grpcAddress();
        shell.say("coordinator        gRPC %s  %s/metrics"
                .formatted(coordinator, cluster.coordinator().managementUrl()));
        cluster.parameterServers()
                .forEach(server -> shell.say("parameter server   gRPC %s  %s/metrics"
                        .formatted(server.grpcAddress(), server.managementUrl())));
        cluster.workers()
                .forEach(worker -> shell.say("worker             %s/metrics".formatted(worker.managementUrl())));
        shell.say("");
        shell.say("Ready. In another terminal:");
        shell.say("  ./tutti submit examples/mnist-mlp.yaml --coordinator " + coordinator);
        shell.say("  ./tutti jobs list --coordinator " + coordinator);
        shell.say("Ctrl-C ends it.");
    }
}
