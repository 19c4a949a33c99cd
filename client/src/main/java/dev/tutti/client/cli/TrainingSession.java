package dev.tutti.client.cli;

import dev.tutti.client.JobWatch;
import dev.tutti.client.TrainingClient;
import dev.tutti.client.TrainingException;
import dev.tutti.client.local.LocalCluster.LossListener;
import dev.tutti.client.local.Roles;
import dev.tutti.client.report.JobNarrator;
import dev.tutti.proto.job.JobStates;
import dev.tutti.proto.v1.Job;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.JobState;
import dev.tutti.proto.wording.Words;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One job on a cluster of our own, from submission to its end, which comes in one of three ways: the job ends, the user
 * interrupts, or so many roles are lost that it can not go on.
 */
final class TrainingSession implements LossListener {
    private static final Duration END_PATIENCE = Duration.ofSeconds(15);

    private final Shell shell;
    private final JobSpec spec;
    private final AtomicInteger liveWorkers;
    private final AtomicReference<@Nullable String> fatalLoss = new AtomicReference<>();
    private final CompletableFuture<Runnable> cancellation = new CompletableFuture<>();
    private final CompletableFuture<JobWatch> watching = new CompletableFuture<>();
    private Job lastSeen;

    /** @param spec complete: the cluster has just the workers it asks for */
    TrainingSession(Shell shell, JobSpec spec) {
        this.shell = shell;
        this.spec = spec;
        this.lastSeen = Job.newBuilder().setSpec(spec).build();
        this.liveWorkers = new AtomicInteger(spec.getCluster().getWorkers().getMax());
    }

    /** Submits the job and tells how it goes. Returns it as it was at its end. */
    Job train(TrainingClient client) throws TrainingException {
        try {
            lastSeen = client.submit(spec, UUID.randomUUID().toString());
            follow(client, lastSeen.getId());
        } catch (TrainingException e) {
            if (fatalLoss.get() == null) {
                throw e;
            }
        }
        return outcome(lastSeen);
    }

    private void follow(TrainingClient client, String id) throws TrainingException {
        try (JobWatch watch = client.watch(id)) {
            cancellation.complete(() -> cancel(client, id, watch));
            watching.complete(watch);
            var narrator = new JobNarrator(shell.narration(), shell.clock());
            while (watch.advance()) {
                narrator.accept(watch.event());
                lastSeen = watch.event().getJob();
            }
        }
    }

    /** Ends the job in order; returns at once. */
    void cancel() {
        var _ = cancellation.thenAccept(cancel -> Thread.ofVirtual().start(cancel));
    }

    @Override
    public void lost(String role, String sentence) {
        shell.say(sentence);
        // The end of its log may follow.
        String what = sentence.lines().findFirst().orElse(sentence);
        switch (role) {
            case Roles.WORKER -> workerLost(what);
            // The coordinator fails the job, and says more.
            case Roles.PARAMETER_SERVER -> giveUp(what, END_PATIENCE);
            default -> giveUp(what, Duration.ZERO);
        }
    }

    private void workerLost(String sentence) {
        int left = liveWorkers.decrementAndGet();
        int needed = spec.getCluster().getWorkers().getMin();
        if (left < needed) {
            fatalLoss.compareAndSet(
                    null,
                    "%s; the job needs %s and %d are left".formatted(sentence, Words.count(needed, "worker"), left));
            cancel();
        }
    }

    private void giveUp(String sentence, Duration patience) {
        fatalLoss.compareAndSet(null, sentence);
        var _ = watching.thenAccept(
                watch -> CompletableFuture.delayedExecutor(patience.toMillis(), TimeUnit.MILLISECONDS)
                        .execute(watch::close));
    }

    private static void cancel(TrainingClient client, String id, JobWatch watch) {
        try {
            client.cancel(id);
        } catch (TrainingException _) {
            // It has ended already, or cannot be reached: either way there is nothing to wait for.
            watch.close();
        }
        CompletableFuture.delayedExecutor(END_PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                .execute(watch::close);
    }

    private Job outcome(Job job) {
        String loss = fatalLoss.get();
        boolean endedByItself = JobStates.ended(job.getState()) && job.getState() != JobState.JOB_STATE_CANCELLED;
        if (loss == null || endedByItself) {
            return job;
        }
        return job.toBuilder()
                .setState(JobState.JOB_STATE_FAILED)
                .setReason(loss)
                .build();
    }
}
