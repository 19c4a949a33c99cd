package dev.tutti.worker.training;

import dev.tutti.proto.job.ConsistencyModel;
import dev.tutti.proto.v1.Sums;
import dev.tutti.proto.v1.WorkerFinished;
import dev.tutti.worker.data.Batch;
import dev.tutti.worker.data.BatchRange;
import dev.tutti.worker.exchange.ExchangeEndedException;
import dev.tutti.worker.exchange.ParameterExchange;
import dev.tutti.worker.exchange.SliceRun;

/**
 * Every worker does every step, each its own slices. With backup workers the others may have gone on meanwhile: then it goes on with the newest
 * step, and has missed those between.
 */
final class SynchronousSteps {
    private static final long NOTHING = 0;

    private final Workbench bench;
    private final Backpropagation gradients;
    private final Milestones milestones;
    private final Generation generation;
    private final BatchPlan plan;
    private final ParameterExchange exchange;
    private final boolean mayMissSteps;
    private final long total;
    /** The step whose rows are being read. */
    private long requested = NOTHING;

    SynchronousSteps(
            Workbench bench,
            Backpropagation gradients,
            Milestones milestones,
            ConsistencyModel.Synchronous consistency) {
        this.bench = bench;
        this.gradients = gradients;
        this.milestones = milestones;
        this.generation = bench.generation();
        this.plan = bench.job().plan();
        this.exchange = bench.exchange();
        this.mayMissSteps = consistency.hasBackupWorkers();
        this.total = generation.start().getTotalSteps();
    }

    WorkerFinished run() throws InterruptedException, ExchangeEndedException, NonFiniteLossException {
        long start = generation.start().getStartStep();
        long complete = awaitStep(start);
        // Before the first step, so of none.
        exchange.takeWaitedNanos();
        validateEpochsEnding(start, complete);
        milestones.startClock();
        while (complete < total) {
            if (bench.stop().isSet()) {
                return milestones.stopped(complete);
            }
            long before = complete;
            complete = step(before + 1);
            validateEpochsEnding(before + 1, complete);
        }
        return milestones.finished(complete);
    }

    /** Returns the steps that are complete then. */
    private long step(long step) throws InterruptedException, ExchangeEndedException, NonFiniteLossException {
        StepClock clock = new StepClock(bench.nanoTime());
        Batch batch = batchOf(step);
        clock.dataReady();
        gradients.stepBegins();
        StepSums trained = slices(step, batch);
        clock.computed();
        long complete = awaitStep(step);
        clock.exchanged();
        bench.narration().exposed(exchange.takeWaitedNanos());
        gradients.stepEnds("at step " + step);
        milestones.stepDone(complete, trained, clock);
        return complete;
    }

    private long awaitStep(long step) throws InterruptedException, ExchangeEndedException {
        if (mayMissSteps) {
            return exchange.awaitNewest(step);
        }
        exchange.awaitVersion(step);
        return step;
    }

    /** This worker's rows of a step; those of the next are read meanwhile. */
    private Batch batchOf(long step) throws InterruptedException {
        if (requested != step) {
            if (requested != NOTHING) {
                bench.prefetcher().take();
            }
            bench.prefetcher().request(ownRows(step));
        }
        Batch batch = bench.prefetcher().take();
        requested = step < total ? step + 1 : NOTHING;
        if (requested != NOTHING) {
            bench.prefetcher().request(ownRows(requested));
        }
        return batch;
    }

    /** Forward and backward over this worker's slices; gradients leave meanwhile. */
    private StepSums slices(long step, Batch batch) throws NonFiniteLossException {
        int stepRows = plan.rows(generation.batchOf(step));
        int stepLabels = gradients.labels().of(rows(step, 0, stepRows));
        int ownBegin = plan.sliceBegin(stepRows, generation.start().getSliceBegin());
        double loss = 0;
        int ownLabels = 0;
        for (int slice = generation.start().getSliceBegin();
                slice < generation.start().getSliceEnd();
                slice++) {
            int begin = plan.sliceBegin(stepRows, slice);
            int rows = plan.sliceBegin(stepRows, slice + 1) - begin;
            if (rows == 0) {
                exchange.pushZeros(SliceRun.empty(step, slice, stepRows));
            } else {
                int sliceLabels = gradients.labels().of(rows(step, begin, rows));
                exchange.beginSlice(new SliceRun(
                        step, slice, rows, sliceLabels, stepRows, bench.model().training(rows)::loss));
                RunPlace place = new RunPlace(step, begin, stepLabels, stepRows);
                loss += gradients.run(batch, begin - ownBegin, rows, place, "at step " + step);
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

    /** Epochs whose last step is among these, unless the coordinator knows their validation already. */
    private void validateEpochsEnding(long first, long last) throws InterruptedException, NonFiniteLossException {
        for (long step = first; step <= last; step++) {
            if (generation.endsEpoch(step) && !generation.isValidated(generation.epochOf(step))) {
                milestones.validate(generation.epochOf(step), step, training(step, last));
            }
        }
    }

    /**
     * The whole epoch's for the worker that reports for all, nothing for others.
     *
     * @param end the epoch's last step
     * @param complete steps of the parameters in place
     */
    private Sums training(long end, long complete) {
        if (!generation.reportsForAll()) {
            return new RunningSums().take();
        }
        if (end == complete) {
            return exchange.jobState().epochTraining();
        }
        boolean isLastEpoch = complete - end <= generation.start().getStepsPerEpoch();
        return isLastEpoch ? exchange.jobState().lastEpochTraining() : new RunningSums().take();
    }
}
