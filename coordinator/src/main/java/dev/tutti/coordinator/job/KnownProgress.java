package dev.tutti.coordinator.job;

import dev.tutti.proto.v1.Checkpoint;
import dev.tutti.proto.v1.JobState;
import dev.tutti.proto.v1.Progress;

/** How far a job is by what is certain, because the journal says so. Workers' reports tell more, while there are any. */
final class KnownProgress {
    private KnownProgress() {}

    static Progress of(JobRecord job, Training training) {
        long step = job.state() == JobState.JOB_STATE_SUCCEEDED
                ? training.schedule().totalSteps()
                : training.leases().map(LeaseLedger::doneBatches).orElseGet(() -> completeStep(training));
        return at(job, training, training.schedule().batches(step)).build();
    }

    /**
     * The last step of a job without leases that every shard is known to have taken: the one this generation started after, one of which
     * there is a checkpoint, or an epoch's last, though an epoch before it may have been missed.
     */
    private static long completeStep(Training training) {
        long ofCheckpoint =
                training.checkpoints().newest().map(Checkpoint::getStep).orElse(0L);
        long ofEpoch = training.epochs().end() * training.schedule().stepsPerEpoch();
        return Math.max(training.startStep(), Math.max(ofCheckpoint, ofEpoch));
    }

    /** Everything that follows from how many batches are done; samples are counted by it, too. */
    static Progress.Builder at(JobRecord job, Training training, long batches) {
        Training.Schedule schedule = training.schedule();
        long epochs = batches / schedule.batchesPerEpoch();
        long rest = (batches % schedule.batchesPerEpoch())
                * job.spec().getTraining().getBatch();
        return Progress.newBuilder()
                .setStep(batches)
                .setTotalSteps(schedule.totalBatches())
                .setEpoch((int) Math.min(epochs + 1, schedule.epochs()))
                .setTotalEpochs(schedule.epochs())
                .setSamples(epochs * training.facts().getTrainSamples() + rest)
                .setWorkers(training.team().workers().size());
    }
}
