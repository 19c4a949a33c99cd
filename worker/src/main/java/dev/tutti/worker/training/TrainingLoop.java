package dev.tutti.worker.training;

import dev.tutti.proto.v1.EpochPart;
import dev.tutti.proto.v1.Lease;
import dev.tutti.proto.v1.LeaseAnswer;
import dev.tutti.proto.v1.Sums;
import dev.tutti.proto.v1.WorkerFinished;
import dev.tutti.worker.data.Batch;
import dev.tutti.worker.data.BatchPrefetcher;
import dev.tutti.worker.data.BatchRange;
import dev.tutti.worker.exchange.ExchangeEndedException;
import dev.tutti.worker.exchange.ParameterExchange;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * One generation of a job on one worker: steps, validation at the end of each epoch, the test at the end of the last. Runs on the training
 * thread, which makes and closes everything it uses; only {@link StopSignal} and {@link LeaseDesk} are touched by others.
 */
final class TrainingLoop {
    private final Generation generation;
    private final PreparedJob job;
    private final BatchPlan plan;
    private final CompiledModel model;
    private final ParameterExchange exchange;
    private final BatchPrefetcher prefetcher;
    private final GradientGate gate;
    private final OverflowWatch overflows;
    private final Evaluation evaluation;
    private final LabelCounts labels;
    private final LeaseDesk leases;
    private final StopSignal stop;
    private final Narration narration;
    private final LongSupplier nanoTime;
    /** Asynchronous: what this worker trained on, by epoch. */
    private final Map<Integer, RunningSums> epochs = new HashMap<>();

    private long startedNanos;
    private long trainedNanos;

    /** What the loop works with; the loop closes none of it. */
    record Tools(
            CompiledModel model,
            ParameterExchange exchange,
            BatchPrefetcher prefetcher,
            LeaseDesk leases,
            StopSignal stop) {}

    TrainingLoop(Generation generation, PreparedJob job, Tools tools, Narration narration, LongSupplier nanoTime) {
        this.generation = generation;
        this.job = job;
        this.plan = job.plan();
        this.model = tools.model();
        this.exchange = tools.exchange();
        this.gate = GradientGate.of(generation, job.spec().getTraining(), tools, narration);
        this.overflows = new OverflowWatch(gate);
        this.prefetcher = tools.prefetcher();
        this.leases = tools.leases();
        this.stop = tools.stop();
        this.labels = new LabelCounts(job);
        this.evaluation = new Evaluation(job, model, labels);
        this.narration = narration;
        this.nanoTime = nanoTime;
    }

    /** Trains until the job's last step, or until it is told to stop, and returns the last report; the sender is to be added. */
    WorkerFinished run() throws InterruptedException, ExchangeEndedException, NonFiniteLossException {
        return switch (generation.consistency()) {
            case Consistency.Synchronous _ -> synchronous();
            case Consistency.Asynchronous _ -> asynchronous();
        };
    }

    // ---- synchronous: every worker does every step, each its own slices

    private WorkerFinished synchronous() throws InterruptedException, ExchangeEndedException, NonFiniteLossException {
        long start = generation.start().getStartStep();
        long total = generation.start().getTotalSteps();
        exchange.awaitVersion(start);
        validateIfDue(start);
        startClock();
        if (start < total) {
            prefetcher.request(ownRows(start + 1));
        }
        for (long step = start + 1; step <= total; step++) {
            if (stop.isSet()) {
                return stopped(step - 1);
            }
            step(step, step < total);
            validateIfDue(step);
        }
        return finished(total);
    }

    private void step(long step, boolean more)
            throws InterruptedException, ExchangeEndedException, NonFiniteLossException {
        StepClock clock = new StepClock(nanoTime);
        Batch batch = prefetcher.take();
        if (more) {
            prefetcher.request(ownRows(step + 1));
        }
        clock.dataReady();
        overflows.stepBegins();
        StepSums trained = slices(step, batch);
        clock.computed();
        exchange.awaitVersion(step);
        clock.exchanged();
        overflows.stepEnds("at step " + step);
        count(step, trained, clock);
    }

    /** Forward and backward over this worker's slices; gradients leave meanwhile. */
    private StepSums slices(long step, Batch batch) throws NonFiniteLossException {
        int stepRows = plan.rows(generation.batchOf(step));
        int stepLabels = labels.of(rows(step, 0, stepRows));
        int ownBegin = plan.sliceBegin(stepRows, generation.start().getSliceBegin());
        double loss = 0;
        int ownLabels = 0;
        for (int slice = generation.start().getSliceBegin();
                slice < generation.start().getSliceEnd();
                slice++) {
            int begin = plan.sliceBegin(stepRows, slice);
            int rows = plan.sliceBegin(stepRows, slice + 1) - begin;
            if (rows == 0) {
                exchange.pushZeros(step, slice);
            } else {
                int sliceLabels = labels.of(rows(step, begin, rows));
                exchange.beginSlice(step, slice, sliceLabels, model.training(rows)::loss);
                loss += forwardBackward(
                        batch,
                        begin - ownBegin,
                        rows,
                        new RunPlace(step, begin, stepLabels, stepRows),
                        "at step " + step);
                ownLabels += sliceLabels;
            }
        }
        return new StepSums(loss, batch.range().rows(), ownLabels);
    }

    /** @param begin in the step's batch */
    private BatchRange rows(long step, int begin, int rows) {
        return new BatchRange(generation.epochOf(step), plan.firstIndex(generation.batchOf(step)) + begin, rows);
    }

    private BatchRange ownRows(long step) {
        int rows = plan.rows(generation.batchOf(step));
        int begin = plan.sliceBegin(rows, generation.start().getSliceBegin());
        int end = plan.sliceBegin(rows, generation.start().getSliceEnd());
        return rows(step, begin, end - begin);
    }

    /** At an epoch's last step, unless the coordinator knows the epoch's validation already. */
    private void validateIfDue(long step) throws InterruptedException, NonFiniteLossException {
        if (generation.endsEpoch(step) && !generation.isValidated(generation.epochOf(step))) {
            validate(generation.epochOf(step), step);
        }
    }

    // ---- asynchronous: whoever is free leases batches

    private WorkerFinished asynchronous() throws InterruptedException, ExchangeEndedException, NonFiniteLossException {
        refreshParameters();
        startClock();
        Optional<Lease> done = Optional.empty();
        while (!stop.isSet()) {
            Optional<LeaseAnswer> answer = leases.ask(done);
            done = Optional.empty();
            if (answer.isEmpty()) {
                continue;
            }
            switch (answer.get().getKindCase()) {
                case LEASE -> done = train(answer.get().getLease());
                case VALIDATE -> {
                    refreshParameters();
                    validate(answer.get().getValidate().getEpoch(), exchange.newestVersion());
                }
                case FINISH -> {
                    refreshParameters();
                    return finished(exchange.newestVersion());
                }
                case HOLD, KIND_NOT_SET -> throw new IllegalStateException("expected work, got " + answer.get());
            }
        }
        return stopped(exchange.newestVersion());
    }

    /** Returns the lease once all its batches are trained on; nothing if told to stop before. */
    private Optional<Lease> train(Lease lease)
            throws InterruptedException, ExchangeEndedException, NonFiniteLossException {
        int end = lease.getFirstBatch() + lease.getBatches();
        prefetcher.request(wholeBatch(lease.getEpoch(), lease.getFirstBatch()));
        for (int number = lease.getFirstBatch(); number < end; number++) {
            StepClock clock = new StepClock(nanoTime);
            Batch batch = prefetcher.take();
            if (number + 1 < end) {
                prefetcher.request(wholeBatch(lease.getEpoch(), number + 1));
            }
            clock.dataReady();
            StepSums trained = train(lease, number, batch);
            clock.computed();
            exchange.awaitReplies();
            clock.exchanged();
            epochs.computeIfAbsent(lease.getEpoch(), _ -> new RunningSums())
                    .add(trained.loss(), trained.rows(), trained.labels());
            count(exchange.newestVersion(), trained, clock);
            if (stop.isSet()) {
                return Optional.empty();
            }
        }
        return Optional.of(lease);
    }

    private StepSums train(Lease lease, int number, Batch batch) throws NonFiniteLossException {
        int rows = batch.range().rows();
        int count = labels.of(batch.range());
        exchange.beginBatch(lease.getEpoch(), number, lease.getAttempt());
        RunPlace place = new RunPlace(lease.getEpoch() * plan.batchesPerEpoch() + number + 1, 0, count, rows);
        String when = "at step " + (exchange.newestVersion() + 1);
        overflows.stepBegins();
        double loss = forwardBackward(batch, 0, rows, place, when);
        overflows.stepEnds(when);
        return new StepSums(loss, rows, count);
    }

    private BatchRange wholeBatch(int epoch, int batch) {
        return new BatchRange(epoch, plan.firstIndex(batch), plan.rows(batch));
    }

    private void refreshParameters() throws InterruptedException, ExchangeEndedException {
        exchange.pull();
        exchange.awaitReplies();
    }

    // ---- both

    /** @param when for messages */
    private float forwardBackward(Batch batch, int firstRow, int rows, RunPlace place, String when)
            throws NonFiniteLossException {
        TrainingProgram program = model.training(rows);
        program.load(batch, firstRow);
        float loss = program.run(gate.lossScale(), place, gate.begin());
        NonFiniteLossException.check(loss, "loss", when, program.program());
        gate.end(when, program.program());
        return loss;
    }

    private void count(long step, StepSums trained, StepClock clock) {
        narration.stepDone(step, trained, clock);
        trainedNanos = nanoTime.getAsLong();
    }

    private void validate(int epoch, long step) throws InterruptedException, NonFiniteLossException {
        long begin = nanoTime.getAsLong();
        int count = job.split().validationCount();
        Sums validation = evaluation.validation(generation.shareBegin(count), generation.shareEnd(count), step);
        narration.evaluated(nanoTime.getAsLong() - begin);
        narration.epochPart(EpochPart.newBuilder()
                .setEpoch(epoch)
                .setTraining(training(epoch))
                .setValidation(validation)
                .setStep(step));
    }

    /** This worker's share: asynchronously what it trained on, otherwise the whole for the worker of the first slice. */
    private Sums training(int epoch) {
        return switch (generation.consistency()) {
            case Consistency.Synchronous _ ->
                generation.start().getSliceBegin() == 0 ? exchange.epochTraining() : new RunningSums().take();
            case Consistency.Asynchronous _ -> {
                RunningSums training = epochs.remove(epoch);
                yield training == null ? new RunningSums().take() : training.take();
            }
        };
    }

    private WorkerFinished finished(long step) throws InterruptedException, NonFiniteLossException {
        narration.flush(step);
        long begin = nanoTime.getAsLong();
        int count = job.data().test().sampleCount();
        Sums test = evaluation.test(generation.shareBegin(count), generation.shareEnd(count), step);
        narration.evaluated(nanoTime.getAsLong() - begin);
        return lastReport(step)
                .setTest(test)
                .setSample(sample())
                .setParametersSha256(model.parametersSha256())
                .build();
    }

    /** Of the worker of the first slice only. */
    private String sample() throws InterruptedException {
        Optional<TextSample> sample =
                generation.start().getSliceBegin() == 0 ? TextSample.of(job, model) : Optional.empty();
        return sample.isPresent() ? sample.get().write() : "";
    }

    private WorkerFinished stopped(long step) {
        narration.flush(step);
        return lastReport(step).setStopped(true).build();
    }

    private WorkerFinished.Builder lastReport(long step) {
        return WorkerFinished.newBuilder()
                .setStep(step)
                .setBackend(model.backend())
                .setSkippedSteps(gate.skippedSteps())
                .setTrainingSeconds((trainedNanos - startedNanos) / 1e9);
    }

    private void startClock() {
        startedNanos = nanoTime.getAsLong();
        trainedNanos = startedNanos;
    }
}
