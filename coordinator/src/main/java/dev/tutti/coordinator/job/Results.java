package dev.tutti.coordinator.job;

import dev.tutti.proto.v1.Checkpoint;
import dev.tutti.proto.v1.EpochResult;
import dev.tutti.proto.v1.JobResult;
import dev.tutti.proto.v1.Sums;
import dev.tutti.proto.v1.WorkerFinished;
import java.util.List;

/** What a job that succeeded came to. */
final class Results {
    private Results() {}

    static JobResult of(JobRecord job, Training training) {
        List<WorkerFinished> reports =
                training.team().workers().stream().map(training.finished()::get).toList();
        EpochResult lastEpoch = training.epochs().closed().lastEntry().getValue();
        Sums test = SumsOf.all(reports.stream().map(WorkerFinished::getTest).toList());
        double lastGenerationSeconds = reports.stream()
                .mapToDouble(WorkerFinished::getTrainingSeconds)
                .max()
                .orElse(0);
        JobResult.Builder result = JobResult.newBuilder()
                .setSteps(training.schedule().totalBatches())
                .setSamples(training.facts().getTrainSamples()
                        * job.spec().getTraining().getEpochs())
                .setTrainingSeconds(training.clock().beforeMillis() / 1000.0 + lastGenerationSeconds)
                .setParameters(training.facts().getParameterCount())
                .setParametersSha256(reports.getFirst().getParametersSha256())
                .setBackend(reports.getFirst().getBackend())
                .setSkippedSteps(reports.stream()
                        .mapToLong(WorkerFinished::getSkippedSteps)
                        .sum())
                .setCheckpoint(
                        training.checkpoints().newest().map(Checkpoint::getPath).orElse(""));
        reports.stream()
                .map(WorkerFinished::getSample)
                .filter(sample -> !sample.isEmpty())
                .findFirst()
                .ifPresent(result::setSample);
        if (lastEpoch.hasTrainLoss()) {
            result.setTrainLoss(lastEpoch.getTrainLoss());
        }
        if (lastEpoch.hasValidation()) {
            result.setValidation(lastEpoch.getValidation());
        }
        SumsOf.evaluation(test, job.spec()).ifPresent(result::setTest);
        return result.build();
    }
}
