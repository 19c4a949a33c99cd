package dev.tutti.coordinator.job;

import dev.tutti.proto.v1.EpochPart;
import dev.tutti.proto.v1.EpochResult;
import dev.tutti.proto.v1.Sums;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Losses and validation results, epoch by epoch; epochs count from 0 here, from 1 in results. Each share of an epoch is added once.
 *
 * <p>A share's validation belongs to its generation, as the next one cuts the data anew. Its training sums do not: those steps are
 * done. An epoch that two generations worked on is therefore reported from whichever saw more of it.
 *
 * @param closed results of epochs whose shares covered all slices
 * @param open shares of this generation, by epoch and first slice
 * @param earlier training sums of shares of older generations, by epoch
 * @param lastClosedAtMillis when the last epoch was closed, or the training started
 */
public record EpochBook(
        SortedMap<Integer, EpochResult> closed,
        SortedMap<Integer, SortedMap<Integer, Part>> open,
        SortedMap<Integer, Sums> earlier,
        long lastClosedAtMillis) {
    public EpochBook {
        closed = Collections.unmodifiableSortedMap(closed);
        open = Collections.unmodifiableSortedMap(open);
        earlier = Collections.unmodifiableSortedMap(earlier);
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

    /** The share must be new; closes the epoch if it was the last one missing. */
    EpochBook plus(Part part, int slices, long atMillis) {
        int epoch = part.report().getEpoch();
        SortedMap<Integer, SortedMap<Integer, Part>> parts = new TreeMap<>(open);
        SortedMap<Integer, Part> ofEpoch = new TreeMap<>(open.getOrDefault(epoch, Collections.emptySortedMap()));
        ofEpoch.put(part.share().begin(), part);
        int covered = ofEpoch.values().stream()
                .mapToInt(known -> known.share().end() - known.share().begin())
                .sum();
        if (covered < slices) {
            parts.put(epoch, ofEpoch);
            return new EpochBook(closed, parts, earlier, lastClosedAtMillis);
        }
        parts.remove(epoch);
        SortedMap<Integer, EpochResult> results = new TreeMap<>(closed);
        results.put(epoch, close(epoch, List.copyOf(ofEpoch.values()), atMillis));
        SortedMap<Integer, Sums> rest = new TreeMap<>(earlier);
        rest.remove(epoch);
        return new EpochBook(results, parts, rest, atMillis);
    }

    private EpochResult close(int epoch, List<Part> parts, long atMillis) {
        Sums now = SumsOf.all(
                parts.stream().map(part -> part.report().getTraining()).toList());
        Sums before = earlier.getOrDefault(epoch, Sums.getDefaultInstance());
        Sums validation = SumsOf.all(
                parts.stream().map(part -> part.report().getValidation()).toList());
        EpochResult.Builder result = EpochResult.newBuilder()
                .setEpoch(epoch + 1)
                .setTrainLoss(SumsOf.meanLoss(now.getSamples() >= before.getSamples() ? now : before))
                .setStep(parts.stream()
                        .mapToLong(part -> part.report().getStep())
                        .max()
                        .orElseThrow())
                .setSeconds(Math.max(0, atMillis - lastClosedAtMillis) / 1000.0);
        SumsOf.evaluation(validation).ifPresent(result::setValidation);
        return result.build();
    }

    EpochBook regenerated() {
        SortedMap<Integer, Sums> kept = new TreeMap<>(earlier);
        open.forEach((epoch, parts) -> kept.merge(
                epoch,
                SumsOf.all(parts.values().stream()
                        .map(part -> part.report().getTraining())
                        .toList()),
                (a, b) -> SumsOf.all(List.of(a, b))));
        return new EpochBook(closed, new TreeMap<>(), kept, lastClosedAtMillis);
    }
}
