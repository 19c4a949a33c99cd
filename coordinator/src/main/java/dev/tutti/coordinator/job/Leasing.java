package dev.tutti.coordinator.job;

import dev.tutti.coordinator.job.Phase.Halt;
import dev.tutti.proto.v1.EpochPart;
import dev.tutti.proto.v1.Finish;
import dev.tutti.proto.v1.Hold;
import dev.tutti.proto.v1.JobEvent;
import dev.tutti.proto.v1.Lease;
import dev.tutti.proto.v1.LeaseAnswer;
import dev.tutti.proto.v1.LeaseRequest;
import dev.tutti.proto.v1.ToWorker;
import dev.tutti.proto.v1.ValidateEpoch;
import java.util.List;
import java.util.Optional;

/**
 * Answers workers of asynchronous jobs that ask what to do, and adds up epochs. An epoch of an asynchronous job ends in this order:
 * its last lease is done, shards write a checkpoint if one is due and workers validate, all of that is in, the next epoch's leases.
 */
final class Leasing {
    private Leasing() {}

    static void asked(Turn turn, JobRecord job, LeaseRequest request) {
        Optional<Training> current = Fence.started(turn, job, request.getGeneration(), "LeaseRequest");
        if (current.isEmpty()) {
            return;
        }
        Training training = current.get();
        String worker = request.getWorker();
        Team.Share share = training.share(job, worker);
        LeaseLedger ledger = training.leases()
                .orElseThrow(() -> new IllegalTransitionException(job, "a lease, as it is synchronous,"));
        Optional<Lease> done = request.hasDone() ? Optional.of(request.getDone()) : Optional.empty();
        boolean closes = done.isPresent() && done.equals(ledger.leaseOf(worker));
        boolean asksAgain = done.isEmpty() || done.equals(ledger.lastDoneBy(worker));
        if (!closes && !asksAgain) {
            turn.ignore(job, worker + " has a lease of " + shown(ledger.leaseOf(worker)) + ", not of " + shown(done));
            return;
        }
        if (!closes && answerAgain(turn, job, training, share)) {
            return;
        }
        LeaseLedger closed = closes ? ledger.done(worker) : ledger;
        if (!(job.phase() instanceof Phase.Running)) {
            turn.put(job.with(training.with(closed)));
            return;
        }
        Training next = training.with(closed.waits(worker));
        // A worker on hold asks every few seconds; that is nothing for the journal.
        JobRecord waiting = next.leases().equals(training.leases()) ? job : turn.put(job.with(next));
        if (closes && closed.epochExhausted()) {
            Checkpointing.requestMissing(turn, waiting, next);
        }
        LeaseLedger settled = settle(turn, waiting, next);
        if (settled.waiting().contains(worker)) {
            answer(turn, waiting, next, worker, LeaseAnswer.newBuilder().setHold(Hold.getDefaultInstance()));
        }
    }

    /** A worker that was answered asks again because the answer was lost: it gets the same. */
    private static boolean answerAgain(Turn turn, JobRecord job, Training training, Team.Share share) {
        String worker = share.worker();
        LeaseLedger ledger = training.leases().orElseThrow();
        Optional<Lease> lease = ledger.leaseOf(worker);
        boolean validating =
                ledger.validating().contains(worker) && !training.epochs().has(ledger.epoch(), share);
        if (lease.isEmpty() && !validating) {
            return false;
        }
        if (job.phase() instanceof Phase.Running) {
            LeaseAnswer.Builder same = LeaseAnswer.newBuilder();
            lease.ifPresentOrElse(same::setLease, () -> same.setValidate(validate(ledger.epoch())));
            answer(turn, job, training, worker, same);
        }
        return true;
    }

    private static ValidateEpoch validate(int epoch) {
        return ValidateEpoch.newBuilder().setEpoch(epoch).build();
    }

    private static String shown(Optional<Lease> lease) {
        return lease.map(l ->
                        "epoch " + l.getEpoch() + ", batches from " + l.getFirstBatch() + ", attempt " + l.getAttempt())
                .orElse("nothing");
    }

    static void epochShare(Turn turn, JobRecord job, EpochPart report) {
        Optional<Training> current = Fence.started(turn, job, report.getGeneration(), "EpochPart");
        if (current.isEmpty()) {
            return;
        }
        Training training = current.get();
        Team.Share share = training.share(job, report.getWorker());
        int epoch = report.getEpoch();
        if (epoch >= training.schedule().epochs()) {
            throw new IllegalTransitionException(job, "a report on epoch " + epoch + ", counted from 0,");
        }
        if (training.epochs().has(epoch, share)) {
            turn.ignore(job, report.getWorker() + " reported on epoch " + epoch + " before");
            return;
        }
        Training next = training.with(training.epochs()
                .plus(
                        new EpochBook.Part(share, report),
                        job.spec(),
                        training.facts().getTrainLabels(),
                        turn.atMillis()));
        JobRecord known = turn.put(job.with(next));
        next.epochs()
                .result(epoch)
                .ifPresent(result -> turn.publish(known, JobEvent.newBuilder().setEpoch(result)));
        settle(turn, known, next);
    }

    /** Answers those who wait as far as there is an answer now, and ends the job if that was all. */
    static LeaseLedger settle(Turn turn, JobRecord job, Training training) {
        if (training.leases().isEmpty() || !(job.phase() instanceof Phase.Running)) {
            if (job.phase() instanceof Phase.Running
                    || job.phase() instanceof Phase.Stopping(var _, Halt.Draining draining)) {
                Endings.succeedIfDone(turn, job, training);
            }
            return training.leases().orElse(LeaseLedger.of(training.schedule()));
        }
        LeaseLedger ledger = training.leases().get();
        if (ledger.epochExhausted()
                && training.epochs().result(ledger.epoch()).isPresent()
                && mayGoOn(job, training, ledger)) {
            ledger = ledger.nextEpoch();
        }
        for (String worker : List.copyOf(ledger.waiting())) {
            ledger = answerIfPossible(turn, job, training, ledger, worker);
        }
        Training next = training.with(ledger);
        Endings.succeedIfDone(turn, ledger.equals(training.leases().get()) ? job : turn.put(job.with(next)), next);
        return ledger;
    }

    /** The last epoch's checkpoint is waited for at the end: reading parameters does not disturb it. */
    private static boolean mayGoOn(JobRecord job, Training training, LeaseLedger ledger) {
        return ledger.epoch() + 1 == ledger.epochs()
                || Checkpointing.due(job, training).isEmpty();
    }

    private static LeaseLedger answerIfPossible(
            Turn turn, JobRecord job, Training training, LeaseLedger ledger, String worker) {
        if (ledger.finished()) {
            answer(turn, job, training, worker, LeaseAnswer.newBuilder().setFinish(Finish.getDefaultInstance()));
            return ledger.answered(worker);
        }
        if (ledger.hasWork()) {
            LeaseLedger leased = ledger.lease(worker);
            answer(
                    turn,
                    job,
                    training,
                    worker,
                    LeaseAnswer.newBuilder().setLease(leased.leaseOf(worker).orElseThrow()));
            return leased;
        }
        boolean validates = ledger.epochExhausted()
                && !ledger.validating().contains(worker)
                && !training.epochs().has(ledger.epoch(), training.share(job, worker));
        if (validates) {
            answer(turn, job, training, worker, LeaseAnswer.newBuilder().setValidate(validate(ledger.epoch())));
            return ledger.validates(worker);
        }
        return ledger;
    }

    private static void answer(Turn turn, JobRecord job, Training training, String worker, LeaseAnswer.Builder answer) {
        turn.toWorker(
                worker, ToWorker.newBuilder().setLease(answer.setJob(job.id()).setGeneration(training.generation())));
    }
}
