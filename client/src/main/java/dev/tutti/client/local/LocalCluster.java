package dev.tutti.client.local;

import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.launch.RoleSettings;
import dev.tutti.proto.launch.RunningRole;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A coordinator, parameter servers and workers on this machine, owned by whoever started them. {@link #close} stops all of them: workers first, the
 * coordinator last. If one of them can not start, none is left running.
 */
public final class LocalCluster implements AutoCloseable {
    private final ClusterPlan plan;
    private final RoleStarter starter;
    private final LossListener listener;
    private final List<RunningRole> coordinators = new ArrayList<>();
    private final List<RunningRole> parameterServers = new ArrayList<>();
    private final List<RunningRole> workers = new ArrayList<>();
    private final AtomicBoolean closing = new AtomicBoolean();

    /** Hears of a role that ended though nobody asked it to; called in any thread. */
    @FunctionalInterface
    public interface LossListener {
        /** @param sentence what happened, for a person */
        void lost(String role, String sentence);
    }

    private LocalCluster(ClusterPlan plan, RoleStarter starter, LossListener listener) {
        this.plan = plan;
        this.starter = starter;
        this.listener = listener;
    }

    /** Returns once every role is ready. */
    public static LocalCluster start(ClusterPlan plan, RoleStarter starter, LossListener listener)
            throws LaunchException, InterruptedException {
        var cluster = new LocalCluster(plan, starter, listener);
        try {
            cluster.startAll();
            return cluster;
        } catch (LaunchException | InterruptedException | RuntimeException e) {
            cluster.close();
            throw e;
        }
    }

    public RunningRole coordinator() {
        return coordinators.getFirst();
    }

    public List<RunningRole> parameterServers() {
        return List.copyOf(parameterServers);
    }

    public List<RunningRole> workers() {
        return List.copyOf(workers);
    }

    @Override
    public void close() {
        if (closing.compareAndSet(false, true)) {
            closeAll(workers);
            closeAll(parameterServers);
            closeAll(coordinators);
        }
    }

    private void startAll() throws LaunchException, InterruptedException {
        start(Roles.COORDINATOR, "coordinator", plan.coordinator(), coordinators);
        String seed = coordinator().clusterAddress();
        List<Callable<Void>> starts = new ArrayList<>();
        for (int i = 1; i <= plan.parameterServers(); i++) {
            String name = "parameter-server-" + i;
            starts.add(() -> start(Roles.PARAMETER_SERVER, name, plan.member(name, seed), parameterServers));
        }
        for (int i = 1; i <= plan.workers(); i++) {
            String name = "worker-" + i;
            starts.add(() -> start(Roles.WORKER, name, plan.member(name, seed), workers));
        }
        awaitAll(starts);
    }

    private Void start(String role, String name, Map<String, String> overrides, List<RunningRole> members)
            throws LaunchException {
        RunningRole running = starter.start(role, name, new RoleSettings(plan.config(), overrides));
        synchronized (members) {
            members.add(running);
        }
        var _ = running.ended().whenComplete((_, failure) -> {
            if (!closing.get()) {
                listener.lost(role, name + " ended unexpectedly" + reason(failure));
            }
        });
        return null;
    }

    private static String reason(@Nullable Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return cause == null || cause.getMessage() == null ? "" : ": " + cause.getMessage();
    }

    /** All of them to the end, so that nothing starts after the failure has been reported. */
    private static void awaitAll(List<Callable<Void>> starts) throws LaunchException, InterruptedException {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            LaunchException first = null;
            for (Future<Void> start : threads.invokeAll(starts)) {
                try {
                    start.get();
                } catch (ExecutionException e) {
                    first = first != null ? first : launchException(e);
                }
            }
            if (first != null) {
                throw first;
            }
        }
    }

    private static LaunchException launchException(ExecutionException e) {
        return e.getCause() instanceof LaunchException launch
                ? launch
                : new LaunchException(1, "a role could not start: " + e.getCause(), e.getCause());
    }

    private static void closeAll(List<RunningRole> roles) {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            synchronized (roles) {
                roles.forEach(role -> threads.execute(role::close));
            }
        }
    }
}
