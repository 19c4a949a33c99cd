package dev.tutti.coordinator.job;

import dev.tutti.proto.job.ConsistencyModel;
import dev.tutti.proto.v1.EpochPart;
import dev.tutti.proto.v1.EpochResult;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Sums;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Losses and validation results, epoch by epoch; epochs count from 0 here, from 1 in results. Each share of an epoch is added once.
 *
 * <p>A share belongs to its generation, as the next one cuts data and slices anew. A training loss is shown only if the shares' losses
 * are of every label of the epoch, but for those whose gradients a job with backup workers discards.
 *
 * @param closed results of epochs whose shares covered all slices
 * @param open shares of this generation, by epoch and first slice
 * @param lastClosedAtMillis when the last epoch was closed, or the training started
 */
public record EpochBook(
        SortedMap<Integer, EpochResult> closed,
        SortedMap<Integer, SortedMap<Integer, Part>> open,
        long lastClosedAtMillis) {
    public EpochBook {
        closed = Collections.unmodifiableSortedMap(closed);
        open = Collections.unmodifiableSortedMap(open);
    }

    /** What one worker reported for its run of slices. */
    public record Part(Team.Share share, EpochPart report) {}

    /** Epochs from the first on whose results are known, without a gap. */
    int validated() {
        int count = 0;
        while (closed.containsKey(count)) {
            count++;
        }
        return count;
    }

    /** Behind the last epoch whose result is known. */
    int end() {
        return closed.isEmpty() ? 0 : closed.lastKey() + 1;
    }

    boolean has(int epoch, Team.Share share) {
        return closed.containsKey(epoch)
                || open.getOrDefault(epoch, Collections.emptySortedMap()).containsKey(share.begin());
    }

    Optional<EpochResult> result(int epoch) {
        return Optional.ofNullable(closed.get(epoch));
    }

    /**
     * The share must be new; closes the epoch if it was the last one missing.
     *
     * @param spec of the job
     * @param trainLabels of an epoch
     */
    EpochBook plus(Part part, JobSpec spec, long trainLabels, long atMillis) {
        int epoch = part.report().getEpoch();
        SortedMap<Integer, SortedMap<Integer, Part>> parts = new TreeMap<>(open);
        SortedMap<Integer, Part> ofEpoch = new TreeMap<>(open.getOrDefault(epoch, Collections.emptySortedMap()));
        ofEpoch.put(part.share().begin(), part);
        int covered = ofEpoch.values().stream()
                .mapToInt(known -> known.share().end() - known.share().begin())
                .sum();
        if (covered < spec.getCluster().getSlices()) {
            parts.put(epoch, ofEpoch);
            return new EpochBook(closed, parts, lastClosedAtMillis);
        }
        parts.remove(epoch);
        SortedMap<Integer, EpochResult> results = new TreeMap<>(closed);
        List<EpochPart> reports = ofEpoch.values().stream().map(Part::report).toList();
        results.put(epoch, close(epoch, reports, spec, trainLabels, atMillis));
        return new EpochBook(results, parts, atMillis);
    }

    private EpochResult close(int epoch, List<EpochPart> reports, JobSpec spec, long trainLabels, long atMillis) {
        Sums training = SumsOf.all(reports.stream().map(EpochPart::getTraining).toList());
        Sums validation =
                SumsOf.all(reports.stream().map(EpochPart::getValidation).toList());
        EpochResult.Builder result = EpochResult.newBuilder()
                .setEpoch(epoch + 1)
                .setStep(reports.stream().mapToLong(EpochPart::getStep).max().orElseThrow())
                .setSeconds(Math.max(0, atMillis - lastClosedAtMillis) / 1000.0);
        if (training.getLabels() == trainLabels || mayDiscard(spec)) {
            SumsOf.meanLoss(training).ifPresent(result::setTrainLoss);
        }
        SumsOf.evaluation(validation, spec).ifPresent(result::setValidation);
        return result.build();
    }

    /** With backup workers some samples of an epoch change nothing. The loss is that of the others. */
    private static boolean mayDiscard(JobSpec spec) {
        return switch (ConsistencyModel.of(spec.getTraining())) {
            case ConsistencyModel.Synchronous synchronous -> synchronous.hasBackupWorkers();
            case ConsistencyModel.Asynchronous _, ConsistencyModel.BoundedStaleness _, ConsistencyModel.Local _ ->
                false;
        };
    }

    EpochBook regenerated() {
        return new EpochBook(closed, new TreeMap<>(), lastClosedAtMillis);
    }
}
