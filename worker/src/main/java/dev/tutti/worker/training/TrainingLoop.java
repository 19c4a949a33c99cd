package dev.tutti.worker.training;

import dev.tutti.proto.job.ConsistencyModel;
import dev.tutti.proto.v1.WorkerFinished;
import dev.tutti.worker.exchange.ExchangeEndedException;

/**
 * One generation of a job on one worker: steps, validation at the end of each epoch, the test at the end of the last. Runs on the training
 * thread, which makes and closes everything it uses; only {@link StopSignal} and {@link LeaseDesk} are touched by others.
 */
final class TrainingLoop {
    private TrainingLoop() {}

    /** Trains until the job's last step, or until it is told to stop, and returns the last report; the sender is to be added. */
    static WorkerFinished run(Workbench bench)
            throws InterruptedException, ExchangeEndedException, NonFiniteLossException {
        Backpropagation gradients = new Backpropagation(bench);
        Milestones milestones = new Milestones(bench, gradients);
        return switch (bench.generation().consistency()) {
            case ConsistencyModel.Synchronous synchronous ->
                new SynchronousSteps(bench, gradients, milestones, synchronous).run();
            case ConsistencyModel.Asynchronous _ ->
                new LeasedBatches(bench, gradients, milestones, LeasedBatches.Pace.FREE).run();
            case ConsistencyModel.BoundedStaleness _ ->
                new LeasedBatches(bench, gradients, milestones, LeasedBatches.Pace.BOUNDED).run();
            case ConsistencyModel.Local local -> {
                try (LocalRounds rounds = new LocalRounds(bench, gradients, milestones, local)) {
                    yield rounds.run();
                }
            }
        };
    }
}
