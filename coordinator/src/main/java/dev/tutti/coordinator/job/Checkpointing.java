package dev.tutti.coordinator.job;

import dev.tutti.coordinator.job.Phase.Halt;
import dev.tutti.proto.v1.Checkpoint;
import dev.tutti.proto.v1.CheckpointPart;
import dev.tutti.proto.v1.JobEvent;
import dev.tutti.proto.v1.JobState;
import dev.tutti.proto.v1.ShardRange;
import dev.tutti.proto.v1.ToParameterServer;
import dev.tutti.proto.v1.WriteCheckpoint;
import java.util.List;
import java.util.Optional;

/**
 * When shards write, when their parts become a checkpoint, and which are kept. Synchronous shards write by themselves at the policy's
 * steps and at the last one; asynchronous ones when they are told, at the end of an epoch, while no lease is out.
 */
final class Checkpointing {
    private Checkpointing() {}

    /** The step whose checkpoint must be there before the job goes on, if there is one. */
    static Optional<Long> due(JobRecord job, Training training) {
        if (training.leases().isEmpty()) {
            long last = training.schedule().totalSteps();
            return training.startStep() >= last ? unsettled(training, last) : Optional.empty();
        }
        LeaseLedger ledger = training.leases().get();
        long step = ledger.doneBatches();
        boolean last = step == training.schedule().totalSteps();
        long since =
                step - training.checkpoints().newest().map(Checkpoint::getStep).orElse(0L);
        int every = job.spec().getCheckpoint().getEvery();
        boolean wanted = last || (ledger.epochExhausted() && every > 0 && since >= every);
        return wanted ? unsettled(training, step) : Optional.empty();
    }

    private static Optional<Long> unsettled(Training training, long step) {
        return training.checkpoints().isSettled(step) ? Optional.empty() : Optional.of(step);
    }

    /** Asks those shards for the checkpoint that is due whose parts are not in. */
    static void requestMissing(Turn turn, JobRecord job, Training training) {
        due(job, training).ifPresent(step -> request(turn, job, training, step));
    }

    private static void request(Turn turn, JobRecord job, Training training, long step) {
        for (ShardRange range : training.team().shardMap().getShardsList()) {
            if (!training.checkpoints().hasPart(step, range.getShard())) {
                turn.toServer(
                        range.getServer(),
                        ToParameterServer.newBuilder()
                                .setCheckpoint(WriteCheckpoint.newBuilder()
                                        .setJob(job.id())
                                        .setGeneration(training.generation())
                                        .setStep(step)));
            }
        }
    }

    /** The last thing a stopped job does. Before the first step there is nothing to save. */
    static void saveAndStop(Turn turn, JobRecord job, Training training, long step) {
        if (step == 0 || training.checkpoints().isWritten(step)) {
            Endings.end(
                    turn,
                    turn.put(job.with(training)),
                    JobState.JOB_STATE_STOPPED,
                    Endings.stoppedAfter(training.schedule().batches(step)),
                    Optional.empty());
            return;
        }
        // It may have been given up before; now it is the last there will be.
        Training last = training.with(training.checkpoints().reopened(step));
        JobRecord saving = turn.move(job, new Phase.Stopping(last, new Halt.Saving(step)));
        request(turn, saving, last, step);
    }

    static void partWritten(Turn turn, JobRecord job, CheckpointPart part) {
        Training training =
                job.training().orElseThrow(() -> new IllegalTransitionException(job, "a checkpoint's part"));
        if (part.getGeneration() > training.generation()) {
            throw new IllegalTransitionException(
                    job,
                    "a checkpoint's part of generation " + part.getGeneration() + " (now " + training.generation()
                            + ")");
        }
        if (training.checkpoints().hasPart(part.getStep(), part.getShard())) {
            turn.ignore(job, "shard " + part.getShard() + " wrote its part of step " + part.getStep() + " before");
            return;
        }
        Training known = training.with(training.checkpoints().plus(part));
        complete(turn, turn.put(job.with(known)), known, part.getStep());
    }

    static void complete(Turn turn, JobRecord job, Training training, long step) {
        training.checkpoints()
                .complete(step, training.team().shardMap().getShardsCount())
                .ifPresent(parts -> turn.add(new Effect.CompleteCheckpoint(
                        job.id(),
                        job.checkpointFolder(),
                        step,
                        job.spec(),
                        training.team().shardMap(),
                        parts)));
    }

    static void completed(Turn turn, JobRecord job, Checkpoint checkpoint) {
        Training training =
                job.training().orElseThrow(() -> new IllegalTransitionException(job, "a checkpoint's completion"));
        if (training.checkpoints().isWritten(checkpoint.getStep())) {
            turn.ignore(job, "the checkpoint of step " + checkpoint.getStep() + " was completed before");
            return;
        }
        CheckpointBook book = training.checkpoints().plus(checkpoint);
        List<Checkpoint> old = book.beyond(job.spec().getCheckpoint().getKeep());
        Training known = training.with(book.without(old));
        JobRecord next = turn.put(job.with(known));
        if (!old.isEmpty()) {
            turn.add(new Effect.PruneCheckpoints(
                    job.checkpointFolder(), job.spec().getCheckpoint().getKeep()));
        }
        if (job.phase() instanceof Phase.Ended) {
            return;
        }
        turn.publish(next, JobEvent.newBuilder().setCheckpoint(checkpoint));
        if (next.phase() instanceof Phase.Stopping(var _, Halt.Saving(var step)) && step == checkpoint.getStep()) {
            Endings.end(
                    turn,
                    next,
                    JobState.JOB_STATE_STOPPED,
                    Endings.stoppedAfter(training.schedule().batches(step)),
                    Optional.empty());
        } else {
            Leasing.settle(turn, next, known);
        }
    }

    /** A job survives the loss of a checkpoint on the way, but not of its last one. */
    static void failed(Turn turn, JobRecord job, long step, String reason) {
        Training training =
                job.training().orElseThrow(() -> new IllegalTransitionException(job, "a checkpoint's failure"));
        String sentence = "The checkpoint of step " + step + " could not be written: " + reason;
        boolean last = step == training.schedule().totalSteps()
                || (job.phase() instanceof Phase.Stopping(var _, Halt.Saving(var saving)) && saving == step);
        if (job.phase() instanceof Phase.Ended || training.checkpoints().isSettled(step)) {
            turn.ignore(job, sentence);
        } else if (last) {
            Endings.failed(turn, job, sentence);
        } else {
            Training known = training.with(training.checkpoints().withGivenUp(step));
            JobRecord next = turn.put(job.with(known));
            turn.notice(next, sentence);
            Leasing.settle(turn, next, known);
        }
    }
}
