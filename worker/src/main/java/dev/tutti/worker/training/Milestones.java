package dev.tutti.worker.training;

import dev.tutti.proto.v1.EpochPart;
import dev.tutti.proto.v1.Sums;
import dev.tutti.proto.v1.WorkerFinished;
import java.util.Optional;

/** What a worker reports of its steps, of epochs and of its end. Training thread only. */
final class Milestones {
    private final Workbench bench;
    private final Backpropagation gradients;
    private final Evaluation evaluation;
    private long startedNanos;
    private long trainedNanos;

    Milestones(Workbench bench, Backpropagation gradients) {
        this.bench = bench;
        this.gradients = gradients;
        this.evaluation = new Evaluation(bench.job(), bench.model(), gradients.labels());
    }

    /** Before the first step. */
    void startClock() {
        startedNanos = bench.nanoTime().getAsLong();
        trainedNanos = startedNanos;
    }

    /** @param step complete steps */
    void stepDone(long step, StepSums trained, StepClock clock) {
        bench.narration().stepDone(step, trained, clock);
        trainedUntilNow();
    }

    /** What has passed until now was training. */
    void trainedUntilNow() {
        trainedNanos = bench.nanoTime().getAsLong();
    }

    /**
     * Evaluates this worker's share of the validation samples, on the parameters in place.
     *
     * @param step complete steps
     * @param training this worker's share of the epoch
     */
    void validate(int epoch, long step, Sums training) throws InterruptedException, NonFiniteLossException {
        long begin = bench.nanoTime().getAsLong();
        int count = bench.job().split().validationCount();
        Generation generation = bench.generation();
        Sums validation = evaluation.validation(generation.shareBegin(count), generation.shareEnd(count), step);
        bench.narration().evaluated(bench.nanoTime().getAsLong() - begin);
        bench.narration()
                .epochPart(EpochPart.newBuilder()
                        .setEpoch(epoch)
                        .setTraining(training)
                        .setValidation(validation)
                        .setStep(step));
    }

    /** @param step complete steps: all */
    WorkerFinished finished(long step) throws InterruptedException, NonFiniteLossException {
        bench.narration().flush(step);
        long begin = bench.nanoTime().getAsLong();
        int count = bench.job().data().test().sampleCount();
        Generation generation = bench.generation();
        Sums test = evaluation.test(generation.shareBegin(count), generation.shareEnd(count), step);
        bench.narration().evaluated(bench.nanoTime().getAsLong() - begin);
        return lastReport(step)
                .setTest(test)
                .setSample(sample())
                .setParametersSha256(bench.model().parametersSha256())
                .build();
    }

    private String sample() throws InterruptedException {
        Optional<TextSample> sample =
                bench.generation().reportsForAll() ? TextSample.of(bench.job(), bench.model()) : Optional.empty();
        return sample.isPresent() ? sample.get().write() : "";
    }

    /** @param step complete steps */
    WorkerFinished stopped(long step) {
        bench.narration().flush(step);
        return lastReport(step).setStopped(true).build();
    }

    private WorkerFinished.Builder lastReport(long step) {
        return WorkerFinished.newBuilder()
                .setStep(step)
                .setBackend(bench.model().backend())
                .setSkippedSteps(gradients.skippedSteps())
                .setTrainingSeconds((trainedNanos - startedNanos) / 1e9);
    }
}
