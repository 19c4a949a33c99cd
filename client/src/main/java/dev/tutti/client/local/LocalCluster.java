package dev.tutti.client.local;

import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.launch.RoleSettings;
import dev.tutti.proto.launch.RunningRole;
import dev.tutti.proto.wording.Words;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A coordinator, parameter servers and workers on this machine, owned by whoever started them. {@link #close} stops all of them: workers first, the
 * coordinator last. If one of them can not start, none is left running.
 *
 * <p>Nothing here interrupts a thread that starts or ends a role: databases and actor systems answer that with stack traces. A start that is
 * not wanted any longer begins no further role, and those under way are closed as soon as they run.
 */
public final class LocalCluster implements AutoCloseable {
    /** More at once only take longer: each that joins makes those wait that are joining. */
    private static final int STARTS_AT_ONCE = 4;

    private static final Duration START_PATIENCE = Duration.ofMinutes(3);
    private static final Duration GIVE_UP_PATIENCE = Duration.ofSeconds(5);
    private static final int TIMEOUT = 6;

    private final ClusterPlan plan;
    private final RoleStarter starter;
    private final LossListener listener;
    private final List<RunningRole> coordinators = new ArrayList<>();
    private final List<RunningRole> parameterServers = new ArrayList<>();
    private final List<RunningRole> workers = new ArrayList<>();
    /** Exceptionally: with why no further role is to start. */
    private final CompletableFuture<Void> started = new CompletableFuture<>();

    private final AtomicBoolean closing = new AtomicBoolean();

    /** Hears of a role that ended though nobody asked it to; called in any thread. */
    @FunctionalInterface
    public interface LossListener {
        /** @param sentence what happened, for a person */
        void lost(String role, String sentence);
    }

    public LocalCluster(ClusterPlan plan, RoleStarter starter, LossListener listener) {
        this.plan = plan;
        this.starter = starter;
        this.listener = listener;
    }

    /**
     * Returns once every role is ready. Called once.
     *
     * @throws InterruptedException after {@link #giveUp}
     */
    public void start() throws LaunchException, InterruptedException {
        ExecutorService threads = Executors.newFixedThreadPool(
                STARTS_AT_ONCE,
                Thread.ofPlatform().daemon().name("start-role-", 1).factory());
        try {
            startAll(threads);
            started.get(START_PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            threads.shutdown();
        } catch (ExecutionException | TimeoutException | InterruptedException e) {
            started.completeExceptionally(e);
            threads.shutdown();
            // Whoever is still not through is closed by its own thread, if the process lives that long.
            var _ = threads.awaitTermination(GIVE_UP_PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            close();
            throw failure(e);
        }
    }

    /** Ends a start that is under way, in any thread; without effect on a cluster that has started. Returns at once. */
    public void giveUp() {
        started.completeExceptionally(new InterruptedException("the start was given up"));
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

    private void startAll(ExecutorService threads) {
        var _ = start(threads, Roles.COORDINATOR, "coordinator", plan.coordinator(), coordinators)
                .thenCompose(_ -> CompletableFuture.allOf(
                        startMembers(threads, coordinator().clusterAddress())))
                .thenRun(() -> started.complete(null));
    }

    /** @param seed the coordinator's cluster address */
    private CompletableFuture<?>[] startMembers(ExecutorService threads, String seed) {
        var starts = new ArrayList<CompletableFuture<Void>>();
        for (int i = 1; i <= plan.parameterServers(); i++) {
            String name = "parameter-server-" + i;
            starts.add(start(threads, Roles.PARAMETER_SERVER, name, plan.member(name, seed), parameterServers));
        }
        for (int i = 1; i <= plan.workers(); i++) {
            String name = "worker-" + i;
            starts.add(start(threads, Roles.WORKER, name, plan.member(name, seed), workers));
        }
        return starts.toArray(CompletableFuture<?>[]::new);
    }

    /** Completes only if the role runs; otherwise the whole start fails. */
    private CompletableFuture<Void> start(
            ExecutorService threads,
            String role,
            String name,
            Map<String, String> overrides,
            List<RunningRole> members) {
        var done = new CompletableFuture<Void>();
        threads.execute(() -> {
            if (started.isDone()) {
                return;
            }
            try {
                add(
                        role,
                        name,
                        starter.start(role, name, new RoleSettings(plan.config(), overrides), this::unwanted),
                        members);
                done.complete(null);
            } catch (LaunchException | RuntimeException e) {
                started.completeExceptionally(e);
            }
        });
        return done;
    }

    private boolean unwanted() {
        return started.isCompletedExceptionally();
    }

    private void add(String role, String name, RunningRole running, List<RunningRole> members) {
        boolean late;
        synchronized (members) {
            late = closing.get();
            members.add(running);
        }
        if (late) {
            running.close();
            return;
        }
        var _ = running.ended().whenComplete((_, failure) -> {
            String sentence = name + " ended unexpectedly" + reason(failure);
            boolean early = started.completeExceptionally(new LaunchException(1, sentence, failure));
            if (!early && !unwanted() && !closing.get()) {
                listener.lost(role, sentence);
            }
        });
    }

    private static String reason(@Nullable Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return cause == null || cause.getMessage() == null ? "" : ": " + cause.getMessage();
    }

    private LaunchException failure(Exception e) throws InterruptedException {
        return switch (e) {
            case InterruptedException interrupted -> throw interrupted;
            case TimeoutException _ -> new LaunchException(TIMEOUT, tooSlow(), e);
            default ->
                switch (e.getCause()) {
                    case InterruptedException interrupted -> throw interrupted;
                    case LaunchException launch -> launch;
                    case null, default ->
                        new LaunchException(1, "a role could not start: " + e.getCause(), e.getCause());
                };
        };
    }

    private String tooSlow() {
        return "only %d of %s and %d of %s were ready within %d s; this machine is too busy, or too small for so many"
                .formatted(
                        size(parameterServers),
                        Words.count(plan.parameterServers(), "parameter server"),
                        size(workers),
                        Words.count(plan.workers(), "worker"),
                        START_PATIENCE.toSeconds());
    }

    private static int size(List<RunningRole> members) {
        synchronized (members) {
            return members.size();
        }
    }

    private static void closeAll(List<RunningRole> roles) {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            synchronized (roles) {
                roles.forEach(role -> threads.execute(role::close));
            }
        }
    }
}
