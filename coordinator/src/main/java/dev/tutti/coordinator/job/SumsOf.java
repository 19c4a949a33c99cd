package dev.tutti.coordinator.job;

import dev.tutti.proto.spec.TextData;
import dev.tutti.proto.v1.Evaluation;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Sums;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** Arithmetic on sums over samples and their labels; always in the order given, so that results have the same bits. */
final class SumsOf {
    private SumsOf() {}

    static Sums all(List<Sums> parts) {
        double lossSum = 0;
        long correct = 0;
        long samples = 0;
        long labels = 0;
        boolean classes = true;
        for (Sums part : parts) {
            lossSum += part.getLossSum();
            correct += part.getCorrect();
            samples += part.getSamples();
            labels += part.getLabels();
            classes &= part.getCorrect() >= 0;
        }
        return Sums.newBuilder()
                .setLossSum(lossSum)
                .setCorrect(classes ? correct : -1)
                .setSamples(samples)
                .setLabels(labels)
                .build();
    }

    /** Per label; empty for none. */
    static OptionalDouble meanLoss(Sums sums) {
        return sums.getLabels() == 0 ? OptionalDouble.empty() : OptionalDouble.of(sums.getLossSum() / sums.getLabels());
    }

    /** Empty for no labels. */
    static Optional<Evaluation> evaluation(Sums sums, JobSpec spec) {
        OptionalDouble loss = meanLoss(sums);
        if (loss.isEmpty()) {
            return Optional.empty();
        }
        Evaluation.Builder evaluation =
                Evaluation.newBuilder().setLoss(loss.getAsDouble()).setSamples(sums.getSamples());
        if (sums.getCorrect() >= 0) {
            evaluation.setAccuracy((double) sums.getCorrect() / sums.getLabels());
        }
        if (TextData.hasPerplexity(spec)) {
            evaluation.setPerplexity(Math.exp(loss.getAsDouble()));
        }
        if (spec.getTraining().hasIgnoredLabel()) {
            evaluation.setLabels(sums.getLabels());
        }
        return Optional.of(evaluation.build());
    }
}
