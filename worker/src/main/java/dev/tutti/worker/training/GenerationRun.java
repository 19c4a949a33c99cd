package dev.tutti.worker.training;

import dev.tutti.proto.job.ConsistencyModel;
import dev.tutti.proto.spec.JobSpecs;
import dev.tutti.proto.v1.LeaseAnswer;
import dev.tutti.proto.v1.WorkerFailed;
import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.BackendLostException;
import dev.tutti.worker.data.BatchPrefetcher;
import dev.tutti.worker.data.DataException;
import dev.tutti.worker.exchange.ExchangeEnd;
import dev.tutti.worker.exchange.ExchangeEndedException;
import dev.tutti.worker.exchange.ParameterExchange;
import dev.tutti.worker.metrics.WorkerMetrics;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The training thread of one generation: builds what training needs, trains, frees it, and reports how it ended, unless it was cancelled.
 * Started once; {@link #stopAfterStep}, {@link #cancel} and {@link #answer} may be called by any thread at any time.
 */
public final class GenerationRun {
    private static final Logger LOG = LoggerFactory.getLogger(GenerationRun.class);

    private final Generation generation;
    private final Surroundings surroundings;
    private final Reports reports;
    private final LeaseDesk leases;
    private final StopSignal stop = new StopSignal();
    private final Thread thread;
    /** Forgotten once it has ended, or each run would keep all before it. After the start touched by the thread only. */
    private Optional<GenerationRun> previous;

    private volatile boolean cancelled;

    /**
     * What a worker process offers to every job.
     *
     * @param fatal told of errors no job can be blamed for
     */
    public record Surroundings(
            Backend backend, JobData data, WorkerMetrics metrics, LongSupplier nanoTime, Consumer<Throwable> fatal) {}

    /**
     * Starts the thread.
     *
     * @param previous is waited for before anything is allocated; it should have been cancelled
     */
    public static GenerationRun start(
            Generation generation, Surroundings surroundings, Reports reports, Optional<GenerationRun> previous) {
        GenerationRun run = new GenerationRun(generation, surroundings, reports, previous);
        run.thread.start();
        return run;
    }

    private GenerationRun(
            Generation generation, Surroundings surroundings, Reports reports, Optional<GenerationRun> previous) {
        this.generation = generation;
        this.surroundings = surroundings;
        this.reports = reports;
        this.previous = previous;
        this.leases = new LeaseDesk(generation, reports, surroundings.metrics());
        this.thread = Thread.ofPlatform()
                .name("train-" + generation.job() + "-g" + generation.number())
                .daemon()
                .unstarted(this::runAfterPrevious);
    }

    public Generation generation() {
        return generation;
    }

    /** The step under way will be the last. */
    public void stopAfterStep() {
        stop.set();
        leases.stop();
    }

    /** Ends as soon as the computation under way is done, without a report. */
    public void cancel() {
        cancelled = true;
        thread.interrupt();
    }

    public void answer(LeaseAnswer answer) {
        leases.answer(answer);
    }

    /** Waits until the thread has ended and freed what it had. */
    public void join() throws InterruptedException {
        thread.join();
    }

    /** Waits for the same, but not for longer than that. Returns whether the thread has ended. */
    public boolean join(long millis) throws InterruptedException {
        return thread.join(Duration.ofMillis(millis));
    }

    private void runAfterPrevious() {
        try {
            awaitPrevious();
            LOG.info(
                    "Job {}, generation {}: starting after step {} with slices {} to {} of {}",
                    generation.job(),
                    generation.number(),
                    generation.start().getStartStep(),
                    generation.start().getSliceBegin(),
                    generation.start().getSliceEnd() - 1,
                    generation.start().getSlices());
            surroundings.metrics().generationStarted();
            train();
            surroundings.metrics().generationEnded("finished");
        } catch (InterruptedException _) {
            LOG.info("Job {}, generation {}: cancelled", generation.job(), generation.number());
            surroundings.metrics().generationEnded("cancelled");
        } catch (ExchangeEndedException e) {
            switch (e.end()) {
                case ExchangeEnd.ConnectionLost lost -> failed("connection-lost", lost.sentence(), true);
                case ExchangeEnd.Fenced fenced -> failed("fenced", fenced.sentence(), true);
                case ExchangeEnd.Refused refused -> failed("refused", refused.sentence(), false);
                case ExchangeEnd.Overflow overflow -> failed("non-finite-gradient", overflow.sentence(), false);
            }
        } catch (NonFiniteLossException e) {
            failed("non-finite-loss", e.sentence(), false);
        } catch (DataException e) {
            failed("data", e.sentence(), false);
        } catch (BackendLostException e) {
            // Others go on without this worker: to them it is lost.
            LOG.error("Job {}, generation {}: {}", generation.job(), generation.number(), e.getMessage());
            surroundings.metrics().generationEnded("backend-lost");
            surroundings.fatal().accept(e);
        } catch (RuntimeException e) {
            LOG.error("Job {}, generation {}: unexpected failure", generation.job(), generation.number(), e);
            failed("error", "worker " + generation.worker() + " failed: " + e, false);
        } catch (Error e) {
            failed("error", "worker " + generation.worker() + " failed: " + e, false);
            surroundings.fatal().accept(e);
        }
    }

    /**
     * Waits even if cancelled meanwhile: whoever waits for this run to end may then count on all before it having ended, and two never
     * compute at once.
     */
    private void awaitPrevious() throws InterruptedException {
        boolean interrupted = false;
        while (previous.isPresent()) {
            try {
                previous.get().join();
                previous = Optional.empty();
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            throw new InterruptedException("cancelled before it began");
        }
    }

    private void train() throws InterruptedException, ExchangeEndedException, NonFiniteLossException, DataException {
        int slices = generation.start().getSlices();
        PreparedJob job = surroundings
                .data()
                .prepare(
                        generation.job(),
                        JobSpecs.withDefaults(generation.start().getSpec()),
                        slices);
        try (CompiledModel model = new CompiledModel(job, surroundings.backend())) {
            requireSameTensors(model);
            try (ParameterExchange exchange = ParameterExchange.open(
                            generation.exchangeTarget(), model.buffers(), surroundings.metrics());
                    BatchPrefetcher prefetcher = prefetcher(job)) {
                Narration narration =
                        new Narration(generation, reports, surroundings.metrics(), surroundings.nanoTime());
                Workbench bench = new Workbench(
                        generation, job, model, exchange, prefetcher, leases, stop, narration, surroundings.nanoTime());
                reports.finished(TrainingLoop.run(bench).toBuilder()
                        .setJob(generation.job())
                        .setGeneration(generation.number())
                        .setWorker(generation.worker())
                        .build());
            }
        }
    }

    private BatchPrefetcher prefetcher(PreparedJob job) {
        int maxRows = switch (generation.consistency()) {
            case ConsistencyModel.Synchronous _, ConsistencyModel.Local _ ->
                job.plan()
                        .maxRows(
                                generation.start().getSliceBegin(),
                                generation.start().getSliceEnd());
            case ConsistencyModel.Asynchronous _, ConsistencyModel.BoundedStaleness _ ->
                job.plan().rows(0);
        };
        return new BatchPrefetcher(
                job.layout(job.data().train()), job.order(), maxRows, "prefetch-" + generation.job());
    }

    private void requireSameTensors(CompiledModel model) {
        if (!model.placements().equals(generation.start().getShardMap().getTensorsList())) {
            throw new IllegalStateException("the shard map's tensors differ from this worker's model, which has "
                    + model.placements().stream()
                            .map(tensor -> tensor.getName() + tensor.getShapeList())
                            .toList());
        }
    }

    private void failed(String how, String reason, boolean isTransient) {
        if (cancelled) {
            // Whatever broke then broke because of it.
            LOG.info("Job {}, generation {}: cancelled ({})", generation.job(), generation.number(), reason);
            surroundings.metrics().generationEnded("cancelled");
            return;
        }
        LOG.warn("Job {}, generation {}: {}", generation.job(), generation.number(), reason);
        surroundings.metrics().generationEnded(how);
        reports.failed(WorkerFailed.newBuilder()
                .setJob(generation.job())
                .setGeneration(generation.number())
                .setWorker(generation.worker())
                .setReason(reason)
                .setTransient(isTransient)
                .build());
    }
}
