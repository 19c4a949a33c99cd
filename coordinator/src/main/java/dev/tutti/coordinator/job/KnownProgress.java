package dev.tutti.coordinator.job;

import dev.tutti.proto.v1.JobState;
import dev.tutti.proto.v1.Progress;

/** How far a job is by what is certain: steps complete, epochs validated. Workers' reports tell more, while there are any. */
final class KnownProgress {
    private KnownProgress() {}

    static Progress of(JobRecord job, Training training) {
        Training.Schedule schedule = training.schedule();
        long validated = training.epochs().validated() * schedule.stepsPerEpoch();
        long step = job.state() == JobState.JOB_STATE_SUCCEEDED
                ? schedule.totalSteps()
                : Math.max(
                        validated,
                        training.leases().map(LeaseLedger::doneBatches).orElse(training.startStep()));
        return at(job, training, step).build();
    }

    /** Everything that follows from a step; synchronous samples are counted by it, too. */
    static Progress.Builder at(JobRecord job, Training training, long step) {
        Training.Schedule schedule = training.schedule();
        long epochs = step / schedule.stepsPerEpoch();
        long rest = (step % schedule.stepsPerEpoch()) * job.spec().getTraining().getBatch();
        return Progress.newBuilder()
                .setStep(step)
                .setTotalSteps(schedule.totalSteps())
                .setEpoch((int) Math.min(epochs + 1, schedule.epochs()))
                .setTotalEpochs(schedule.epochs())
                .setSamples(epochs * training.facts().getTrainSamples() + rest)
                .setWorkers(training.team().workers().size());
    }
}
