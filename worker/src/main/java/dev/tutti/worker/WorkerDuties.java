package dev.tutti.worker;

import dev.tutti.proto.v1.InspectJob;
import dev.tutti.proto.v1.JobInspected;
import dev.tutti.tensor.backend.BackendLostException;
import dev.tutti.worker.metrics.WorkerMetrics;
import dev.tutti.worker.training.Generation;
import dev.tutti.worker.training.GenerationRun;
import dev.tutti.worker.training.GenerationRun.Surroundings;
import dev.tutti.worker.training.PlanJob;
import dev.tutti.worker.training.Reports;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The work of this process, on threads of its own. Its actor calls it; {@link #close} ends what still runs. Thread-safe. */
final class WorkerDuties implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerDuties.class);
    private static final long END_MILLIS = 10_000;

    private final String member;
    private final Surroundings surroundings;
    private final Set<Thread> planning = ConcurrentHashMap.newKeySet();
    private volatile Optional<GenerationRun> newest = Optional.empty();

    WorkerDuties(String member, Surroundings surroundings) {
        this.member = member;
        this.surroundings = surroundings;
    }

    /** This worker's name in the cluster. */
    String member() {
        return member;
    }

    String numerics() {
        return surroundings.backend().numerics();
    }

    WorkerMetrics metrics() {
        return surroundings.metrics();
    }

    /** Looks at a job on a thread of its own, and tells what it found there. */
    void plan(InspectJob request, Consumer<JobInspected> answer) {
        Thread thread = Thread.ofPlatform()
                .name("plan-" + request.getJob())
                .daemon()
                .unstarted(() -> {
                    try {
                        answer.accept(new PlanJob(surroundings.data(), surroundings.backend()).inspect(request));
                    } catch (InterruptedException _) {
                        LOG.info("Planning job {} was ended", request.getJob());
                    } catch (BackendLostException e) {
                        surroundings.fatal().accept(e);
                    } catch (RuntimeException e) {
                        LOG.error("Planning job {} failed", request.getJob(), e);
                        answer.accept(JobInspected.newBuilder()
                                .setJob(request.getJob())
                                .setError("worker " + member + " failed to plan the job: " + e)
                                .build());
                    } catch (Error e) {
                        surroundings.fatal().accept(e);
                    } finally {
                        planning.remove(Thread.currentThread());
                    }
                });
        planning.add(thread);
        thread.start();
    }

    GenerationRun start(Generation generation, Reports reports, Optional<GenerationRun> previous) {
        GenerationRun run = GenerationRun.start(generation, surroundings, reports, previous);
        newest = Optional.of(run);
        return run;
    }

    /** The job is over: its data is not needed any more. */
    void forget(String job) {
        surroundings.data().forget(job);
    }

    /** Ends everything, and waits for it a while: the process must not leave memory in use by a running thread. */
    @Override
    public void close() {
        planning.forEach(Thread::interrupt);
        newest.ifPresent(run -> {
            run.cancel();
            try {
                if (!run.join(END_MILLIS)) {
                    LOG.warn(
                            "Job {} still computes after {} ms",
                            run.generation().job(),
                            END_MILLIS);
                }
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        });
    }
}
