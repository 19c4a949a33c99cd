package dev.tutti.client.cli;

import dev.tutti.client.JobWatch;
import dev.tutti.client.TrainingClient;
import dev.tutti.client.TrainingException;
import dev.tutti.proto.job.JobStates;
import dev.tutti.proto.v1.Job;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** The jobs of a cluster that is about to end. They are cancelled first: to a job that runs on, the end would be the loss of its workers. */
final class LastJobs {
    private static final Duration END_PATIENCE = Duration.ofSeconds(15);

    private LastJobs() {}

    /**
     * Returns once all of them have ended, or cannot be waited for.
     *
     * @param say hears of each
     */
    static void cancel(TrainingClient client, Consumer<String> say) throws TrainingException {
        List<Job> open = client.list(Integer.MAX_VALUE).stream()
                .filter(job -> !JobStates.ended(job.getState()))
                .toList();
        // The newest first: one that waits would begin when the one before it ends.
        for (Job job : open) {
            say.accept("cancelling job " + job.getId());
            cancel(client, job.getId());
        }
        for (Job job : open) {
            await(client, job.getId());
        }
    }

    private static void cancel(TrainingClient client, String id) {
        try {
            client.cancel(id);
        } catch (TrainingException _) {
            // It has ended by itself; or cannot be reached, which whoever waits for it will hear.
        }
    }

    private static void await(TrainingClient client, String id) throws TrainingException {
        try (JobWatch watch = client.watch(id)) {
            CompletableFuture.delayedExecutor(END_PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                    .execute(watch::close);
            boolean ended = false;
            while (!ended && watch.advance()) {
                ended = JobStates.ended(watch.event().getJob().getState());
            }
        }
    }
}
