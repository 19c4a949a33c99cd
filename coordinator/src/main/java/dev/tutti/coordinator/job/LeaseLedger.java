package dev.tutti.coordinator.job;

import dev.tutti.proto.v1.Lease;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.Set;

/**
 * Who trains on which batches of an asynchronous job: each (epoch, batch) is todo, leased or done. A lease whose worker is lost is
 * todo again, with the next attempt. An epoch's batches are all done before one of the next is leased. Immutable.
 *
 * @param batchesPerEpoch equals the steps of an epoch
 * @param epoch the one under way, from 0; equals {@code epochs} once all are done
 * @param untouched the first batch of the epoch that was never leased
 * @param returned leases taken back, to be leased again first
 * @param leased by worker; a worker has one at most
 * @param closed by worker, the lease it reported as done last in this generation
 * @param epochDone batches of the epoch that are done
 * @param waiting workers that asked and have had no answer but Hold, in the order in which they asked
 * @param validating workers that were sent to validate the epoch
 */
public record LeaseLedger(
        long batchesPerEpoch,
        int epochs,
        int epoch,
        long untouched,
        List<Lease> returned,
        Map<String, Lease> leased,
        Map<String, Lease> closed,
        long epochDone,
        SequencedSet<String> waiting,
        Set<String> validating) {
    /** Long enough that asking costs nothing, short enough that little is done again. */
    static final int BATCHES_PER_LEASE = 10;

    public LeaseLedger {
        returned = List.copyOf(returned);
        leased = Map.copyOf(leased);
        closed = Map.copyOf(closed);
        waiting = Collections.unmodifiableSequencedSet(new LinkedHashSet<>(waiting));
        validating = Set.copyOf(validating);
    }

    static LeaseLedger of(Training.Schedule schedule) {
        return new LeaseLedger(
                schedule.stepsPerEpoch(),
                schedule.epochs(),
                0,
                0,
                List.of(),
                Map.of(),
                Map.of(),
                0,
                new LinkedHashSet<>(),
                Set.of());
    }

    boolean finished() {
        return epoch == epochs;
    }

    /** Every batch of the epoch under way is done: no lease is out, the parameters stand still. */
    boolean epochExhausted() {
        return !finished() && epochDone == batchesPerEpoch;
    }

    /** Batches done since the job began. */
    long doneBatches() {
        return epoch * batchesPerEpoch + epochDone;
    }

    /** Batches that were leased at least once: what the parameters may contain. */
    long touchedBatches() {
        return epoch * batchesPerEpoch + untouched;
    }

    /** Whether there is a batch to lease. */
    boolean hasWork() {
        return !finished() && (!returned.isEmpty() || untouched < batchesPerEpoch);
    }

    Optional<Lease> leaseOf(String worker) {
        return Optional.ofNullable(leased.get(worker));
    }

    /** The lease the worker reported as done last. */
    Optional<Lease> lastDoneBy(String worker) {
        return Optional.ofNullable(closed.get(worker));
    }

    /** The worker's lease is done. */
    LeaseLedger done(String worker) {
        Map<String, Lease> rest = new HashMap<>(leased);
        Lease lease = rest.remove(worker);
        if (lease == null) {
            throw new IllegalStateException(worker + " has no lease; leased are " + leased.keySet());
        }
        Map<String, Lease> lastDone = new HashMap<>(closed);
        lastDone.put(worker, lease);
        return with(untouched, returned, rest, lastDone, epochDone + lease.getBatches(), waiting, validating);
    }

    LeaseLedger waits(String worker) {
        SequencedSet<String> more = new LinkedHashSet<>(waiting);
        more.add(worker);
        return with(untouched, returned, leased, closed, epochDone, more, validating);
    }

    /** Leases the next batches to a worker that waits. */
    LeaseLedger lease(String worker) {
        Map<String, Lease> more = new HashMap<>(leased);
        if (!returned.isEmpty()) {
            more.put(worker, returned.getFirst());
            return with(
                    untouched,
                    returned.subList(1, returned.size()),
                    more,
                    closed,
                    epochDone,
                    waitingWithout(worker),
                    validating);
        }
        int batches = (int) Math.min(BATCHES_PER_LEASE, batchesPerEpoch - untouched);
        more.put(
                worker,
                Lease.newBuilder()
                        .setEpoch(epoch)
                        .setFirstBatch((int) untouched)
                        .setBatches(batches)
                        .setAttempt(1)
                        .build());
        return with(untouched + batches, returned, more, closed, epochDone, waitingWithout(worker), validating);
    }

    LeaseLedger validates(String worker) {
        Set<String> more = new HashSet<>(validating);
        more.add(worker);
        return with(untouched, returned, leased, closed, epochDone, waitingWithout(worker), more);
    }

    LeaseLedger answered(String worker) {
        return with(untouched, returned, leased, closed, epochDone, waitingWithout(worker), validating);
    }

    LeaseLedger nextEpoch() {
        return new LeaseLedger(
                batchesPerEpoch, epochs, epoch + 1, 0, List.of(), Map.of(), closed, 0, waiting, Set.of());
    }

    /** Everything that is leased is taken back, and nobody waits: workers of the next generation ask anew. */
    LeaseLedger regenerated() {
        List<Lease> todo = new ArrayList<>(returned);
        leased.values().forEach(lease -> todo.add(again(lease)));
        todo.sort((a, b) -> Integer.compare(a.getFirstBatch(), b.getFirstBatch()));
        return with(untouched, todo, Map.of(), Map.of(), epochDone, new LinkedHashSet<>(), Set.of());
    }

    private static Lease again(Lease lease) {
        return lease.toBuilder().setAttempt(lease.getAttempt() + 1).build();
    }

    private SequencedSet<String> waitingWithout(String worker) {
        SequencedSet<String> fewer = new LinkedHashSet<>(waiting);
        fewer.remove(worker);
        return fewer;
    }

    private LeaseLedger with(
            long newUntouched,
            List<Lease> newReturned,
            Map<String, Lease> newLeased,
            Map<String, Lease> newClosed,
            long newEpochDone,
            SequencedSet<String> newWaiting,
            Set<String> newValidating) {
        return new LeaseLedger(
                batchesPerEpoch,
                epochs,
                epoch,
                newUntouched,
                newReturned,
                newLeased,
                newClosed,
                newEpochDone,
                newWaiting,
                newValidating);
    }
}
