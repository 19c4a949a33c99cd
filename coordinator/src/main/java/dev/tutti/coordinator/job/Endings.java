package dev.tutti.coordinator.job;

import dev.tutti.coordinator.job.Phase.Halt;
import dev.tutti.coordinator.job.RequestRefusedException.Refusal;
import dev.tutti.proto.job.JobStates;
import dev.tutti.proto.v1.Checkpoint;
import dev.tutti.proto.v1.EndMode;
import dev.tutti.proto.v1.JobResult;
import dev.tutti.proto.v1.JobState;
import dev.tutti.proto.v1.Progress;
import dev.tutti.proto.v1.WorkerFinished;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** How jobs end: by themselves, asked to, or because they cannot go on. Whatever the reason, every member is released. */
final class Endings {
    private Endings() {}

    static void end(Turn turn, JobRecord job, JobState state, String reason, Optional<JobResult> result) {
        Optional<Training> training = job.training().map(last -> last.paused(turn.atMillis()));
        turn.move(job, new Phase.Ended(state, reason, turn.atMillis(), training, result, Optional.empty()));
        training.ifPresent(last -> {
            turn.endAtWorkers(job, last.team(), EndMode.END_MODE_RELEASE);
            turn.endAtServers(job, last.team());
        });
    }

    /** Told once, right after the end. */
    static void lastProgress(Turn turn, JobRecord job, Progress progress) {
        if (job.phase() instanceof Phase.Ended ended && ended.last().isEmpty()) {
            turn.put(job.in(ended.with(progress)));
        } else {
            turn.ignore(job, "its last progress is known, or it has not ended");
        }
    }

    static void failed(Turn turn, JobRecord job, String reason) {
        end(turn, job, JobState.JOB_STATE_FAILED, reason, Optional.empty());
    }

    static void cancelAsked(Turn turn, JobRecord job) {
        refuseIfEnded(job, "cancelled");
        end(turn, job, JobState.JOB_STATE_CANCELLED, "", Optional.empty());
    }

    static void stopAsked(Turn turn, JobRecord job) {
        refuseIfEnded(job, "stopped");
        switch (job.phase()) {
            case Phase.Planning _, Phase.Queued _ ->
                end(turn, job, JobState.JOB_STATE_STOPPED, stoppedAfter(0), Optional.empty());
            case Phase.Starting(var training, var assembly) ->
                turn.move(job, new Phase.Stopping(training, new Halt.Reopening(assembly)));
            case Phase.Running(var training) -> {
                turn.move(job, new Phase.Stopping(training, new Halt.Draining(Set.of())));
                turn.endAtWorkers(job, training.team(), EndMode.END_MODE_STOP_AFTER_STEP);
            }
            case Phase.Stopping _, Phase.Ended _ -> {}
        }
    }

    private static void refuseIfEnded(JobRecord job, String what) {
        if (job.phase() instanceof Phase.Ended) {
            throw new RequestRefusedException(
                    Refusal.FAILED_PRECONDITION,
                    "Job " + job.id() + " has already ended (" + JobStates.name(job.state()) + "); it cannot be "
                            + what);
        }
    }

    static String stoppedAfter(long step) {
        return step == 0 ? "Stopped before the first step" : "Stopped after step " + step;
    }

    /** Its parameters are gone with it, unless everything is written already. */
    static void serverLost(Turn turn, JobRecord job, Training training, String server) {
        long last = training.schedule().totalSteps();
        int shards = training.team().shardMap().getShardsCount();
        boolean written = training.checkpoints().complete(last, shards).isPresent()
                || training.checkpoints().isWritten(last);
        boolean saved = job.phase() instanceof Phase.Stopping(var _, Halt.Saving(var step))
                && training.checkpoints().complete(step, shards).isPresent();
        if (!saved && !(training.allFinished() && written)) {
            failed(turn, job, "Parameter server " + server + " was lost" + lastCheckpoint(training));
        }
    }

    static String lastCheckpoint(Training training) {
        return training.checkpoints()
                .newest()
                .map(Checkpoint::getPath)
                .map(path -> "; the last checkpoint is " + path)
                .orElse("; there is no checkpoint yet");
    }

    static void workerDone(Turn turn, JobRecord job, WorkerFinished report) {
        Optional<Training> current = Fence.started(turn, job, report.getGeneration(), "WorkerFinished");
        if (current.isEmpty()) {
            return;
        }
        Training training = current.get();
        String worker = report.getWorker();
        training.share(job, worker);
        if (training.finished().containsKey(worker)) {
            turn.ignore(job, worker + " reported its end before");
            return;
        }
        switch (job.phase()) {
            case Phase.Running _
            when report.getStopped() ->
                throw new IllegalTransitionException(job, "the stop of " + worker + ", which nobody asked for,");
            case Phase.Running _ -> finished(turn, job, training.withFinished(report), report.getWorker());
            case Phase.Stopping(var _, Halt.Draining draining)
            when !report.getStopped() && (job.asynchronous() || isLast(training, report.getStep())) ->
                finished(turn, job, training.withFinished(report), report.getWorker());
            case Phase.Stopping(var _, Halt.Draining draining)
            when job.asynchronous() -> drained(turn, job, training.withFinished(report), draining, worker);
            case Phase.Stopping(var _, Halt.Draining draining)
            when report.getStopped() && job.hasBackupWorkers() ->
                // Others may have gone on without it. Fenced to a new generation they cannot, and end after the same
                // step.
                Generations.again(
                        turn,
                        job,
                        training,
                        worker + " stopped after step " + report.getStep() + "; one more to agree");
            case Phase.Stopping(var _, Halt.Draining draining) ->
                Checkpointing.saveAndStop(turn, job, training.withFinished(report), report.getStep());
            case Phase.Planning _, Phase.Queued _, Phase.Starting _, Phase.Stopping _, Phase.Ended _ ->
                turn.ignore(job, worker + " is not waited for any more");
        }
    }

    private static boolean isLast(Training training, long step) {
        return step == training.schedule().totalSteps();
    }

    private static void finished(Turn turn, JobRecord job, Training training, String worker) {
        JobRecord known = turn.put(job.with(training));
        Map<String, String> hashes = new TreeMap<>();
        training.finished().values().stream()
                .filter(report -> !report.getStopped())
                .forEach(report -> hashes.put(report.getWorker(), report.getParametersSha256()));
        if (new HashSet<>(hashes.values()).size() > 1) {
            failed(turn, known, "Workers ended with different parameters: " + hashes);
        } else if (job.phase() instanceof Phase.Stopping(var _, Halt.Draining draining)
                && job.asynchronous()
                && !training.allFinished()) {
            drained(turn, known, training, draining, worker);
        } else {
            succeedIfDone(turn, known, training);
        }
    }

    /** Once no worker of an asynchronous job computes, what the shards hold is saved. */
    static void drained(Turn turn, JobRecord job, Training training, Halt.Draining draining, String worker) {
        Set<String> stopped = new HashSet<>(draining.stopped());
        stopped.add(worker);
        boolean all = training.team().workers().stream()
                .allMatch(member ->
                        stopped.contains(member) || training.finished().containsKey(member));
        JobRecord next = turn.put(job.in(new Phase.Stopping(training, new Halt.Draining(stopped))));
        if (all) {
            Checkpointing.saveAndStop(
                    turn,
                    next,
                    training,
                    training.leases().map(LeaseLedger::touchedBatches).orElseThrow());
        }
    }

    /**
     * The last epoch must be known. One before it may not be: workers go on while no coordinator is there to hear of an epoch, and when
     * one is back, the parameters of that epoch are gone.
     */
    static void succeedIfDone(Turn turn, JobRecord job, Training training) {
        long last = training.schedule().totalSteps();
        if (training.allFinished()
                && training.epochs().result(training.schedule().epochs() - 1).isPresent()
                && training.checkpoints().isWritten(last)) {
            end(turn, job, JobState.JOB_STATE_SUCCEEDED, "", Optional.of(Results.of(job, training)));
        }
    }
}
