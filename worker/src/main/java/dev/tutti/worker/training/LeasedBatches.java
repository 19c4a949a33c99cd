package dev.tutti.worker.training;

import dev.tutti.proto.v1.Lease;
import dev.tutti.proto.v1.LeaseAnswer;
import dev.tutti.proto.v1.Sums;
import dev.tutti.proto.v1.WorkerFinished;
import dev.tutti.worker.data.Batch;
import dev.tutti.worker.data.BatchRange;
import dev.tutti.worker.exchange.ExchangeEndedException;
import dev.tutti.worker.exchange.ParameterExchange;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Whoever is free leases batches, pushes the gradient of each, and goes on with the parameters that come back. */
final class LeasedBatches {
    private final Workbench bench;
    private final Backpropagation gradients;
    private final Milestones milestones;
    private final Pace pace;
    private final BatchPlan plan;
    private final ParameterExchange exchange;
    /** What this worker trained on, by epoch. */
    private final Map<Integer, RunningSums> epochs = new HashMap<>();

    /** Whether a worker may be as far ahead of others as it likes. */
    enum Pace {
        FREE,
        /** Shards let it wait; for that they have to know whether it has a lease. */
        BOUNDED
    }

    LeasedBatches(Workbench bench, Backpropagation gradients, Milestones milestones, Pace pace) {
        this.bench = bench;
        this.gradients = gradients;
        this.milestones = milestones;
        this.pace = pace;
        this.plan = bench.job().plan();
        this.exchange = bench.exchange();
    }

    WorkerFinished run() throws InterruptedException, ExchangeEndedException, NonFiniteLossException {
        refreshParameters();
        milestones.startClock();
        Optional<Lease> done = Optional.empty();
        while (!bench.stop().isSet()) {
            Optional<LeaseAnswer> answer = bench.leases().ask(done);
            done = Optional.empty();
            if (answer.isEmpty()) {
                continue;
            }
            switch (answer.get().getKindCase()) {
                case LEASE -> done = paced(answer.get().getLease());
                case VALIDATE -> {
                    refreshParameters();
                    int epoch = answer.get().getValidate().getEpoch();
                    milestones.validate(epoch, exchange.newestVersion(), training(epoch));
                }
                case FINISH -> {
                    refreshParameters();
                    return milestones.finished(exchange.newestVersion());
                }
                case HOLD, KIND_NOT_SET -> throw new IllegalStateException("expected work, got " + answer.get());
            }
        }
        return milestones.stopped(exchange.newestVersion());
    }

    private Optional<Lease> paced(Lease lease)
            throws InterruptedException, ExchangeEndedException, NonFiniteLossException {
        return switch (pace) {
            case FREE -> train(lease);
            case BOUNDED -> {
                exchange.enter();
                Optional<Lease> done = train(lease);
                exchange.rest();
                yield done;
            }
        };
    }

    /** Returns the lease once all its batches are trained on; nothing if told to stop before. */
    private Optional<Lease> train(Lease lease)
            throws InterruptedException, ExchangeEndedException, NonFiniteLossException {
        int end = lease.getFirstBatch() + lease.getBatches();
        bench.prefetcher().request(wholeBatch(lease.getEpoch(), lease.getFirstBatch()));
        for (int number = lease.getFirstBatch(); number < end; number++) {
            StepClock clock = new StepClock(bench.nanoTime());
            Batch batch = bench.prefetcher().take();
            if (number + 1 < end) {
                bench.prefetcher().request(wholeBatch(lease.getEpoch(), number + 1));
            }
            clock.dataReady();
            StepSums trained = train(lease, number, batch);
            clock.computed();
            exchange.awaitReplies();
            clock.exchanged();
            bench.narration().exposed(exchange.takeWaitedNanos());
            epochs.computeIfAbsent(lease.getEpoch(), _ -> new RunningSums())
                    .add(trained.loss(), trained.rows(), trained.labels());
            milestones.stepDone(exchange.newestVersion(), trained, clock);
            if (bench.stop().isSet()) {
                return Optional.empty();
            }
        }
        return Optional.of(lease);
    }

    private StepSums train(Lease lease, int number, Batch batch) throws NonFiniteLossException {
        int rows = batch.range().rows();
        int count = gradients.labels().of(batch.range());
        exchange.beginBatch(lease.getEpoch(), number, lease.getAttempt());
        RunPlace place = new RunPlace(lease.getEpoch() * plan.batchesPerEpoch() + number + 1, 0, count, rows);
        String when = "at step " + (exchange.newestVersion() + 1);
        gradients.stepBegins();
        double loss = gradients.run(batch, 0, rows, place, when);
        gradients.stepEnds(when);
        return new StepSums(loss, rows, count);
    }

    private BatchRange wholeBatch(int epoch, int batch) {
        return new BatchRange(epoch, plan.firstIndex(batch), plan.rows(batch));
    }

    private void refreshParameters() throws InterruptedException, ExchangeEndedException {
        exchange.pull();
        exchange.awaitReplies();
        // Between steps, so of none.
        exchange.takeWaitedNanos();
    }

    /** Of an epoch, what this worker trained on. */
    private Sums training(int epoch) {
        RunningSums training = epochs.remove(epoch);
        return training == null ? new RunningSums().take() : training.take();
    }
}
