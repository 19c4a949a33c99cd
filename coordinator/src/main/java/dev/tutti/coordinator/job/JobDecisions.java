package dev.tutti.coordinator.job;

import dev.tutti.coordinator.job.RequestRefusedException.Refusal;
import dev.tutti.proto.job.JobStates;
import dev.tutti.proto.v1.Hello;
import dev.tutti.proto.v1.JobInspected;
import dev.tutti.proto.v1.JobState;
import java.util.List;
import java.util.Optional;

/**
 * What the coordinator decides, as one pure function: from what it knows and what has happened to what it knows then and what is
 * to be done. The same events give the same state, whoever replays them. {@link Phase} has the table of a job's states.
 *
 * <p>A report of an older generation, or one that was reported before, changes nothing ({@link Effect.Ignored}). A report that
 * cannot have been sent in the state the job is in throws {@link IllegalTransitionException}; a request that cannot be met throws
 * {@link RequestRefusedException}. In all three cases the state stays as it was.
 */
public final class JobDecisions {
    private JobDecisions() {}

    public static Decision decide(ClusterState state, Event event) {
        Turn turn = new Turn(state, event.atMillis());
        switch (event) {
            case Event.CoordinatorStarted _ -> Rejoining.coordinatorStarted(turn);
            case Event.RejoinExpired _ -> Rejoining.expired(turn);
            case Event.MemberJoined joined -> memberJoined(turn, joined.hello());
            case Event.MemberLost lost -> memberLost(turn, lost.member());
            case Event.JobSubmitted submitted -> submitted(turn, submitted);
            case Event.OfJob ofJob -> ofJob(turn, ofJob);
        }
        Queue.advance(turn);
        return turn.decision();
    }

    private static void memberJoined(Turn turn, Hello hello) {
        if (hello.equals(turn.state().members().get(hello.getMember()))) {
            return;
        }
        turn.joined(hello);
        Rejoining.releaseLeftover(turn, hello);
    }

    private static void memberLost(Turn turn, String member) {
        if (!turn.state().alive(member)) {
            return;
        }
        turn.left(member);
        for (JobRecord job : List.copyOf(turn.state().active().values())) {
            if (job.phase() instanceof Phase.Planning(Optional<String> inspector)
                    && inspector.equals(Optional.of(member))) {
                turn.put(job.in(new Phase.Planning(Optional.empty())));
            }
            job.training().filter(_ -> job.holds(member)).ifPresent(training -> {
                if (training.team().servers().contains(member)) {
                    Endings.serverLost(turn, job, training, member);
                } else {
                    Generations.workerLost(turn, job, member);
                }
            });
        }
    }

    private static void submitted(Turn turn, Event.JobSubmitted event) {
        if (turn.state().job(event.id()).isPresent()) {
            throw new IllegalStateException("There is a job " + event.id() + " already");
        }
        turn.put(new JobRecord(
                event.id(),
                event.spec(),
                event.idempotencyKey(),
                event.checkpointFolder(),
                event.atMillis(),
                new Phase.Planning(Optional.empty())));
    }

    private static void ofJob(Turn turn, Event.OfJob event) {
        JobRecord job = turn.state()
                .job(event.job())
                .orElseThrow(() -> new RequestRefusedException(Refusal.NOT_FOUND, "There is no job " + event.job()));
        switch (event) {
            case Event.StopAsked _ -> Endings.stopAsked(turn, job);
            case Event.CancelAsked _ -> Endings.cancelAsked(turn, job);
            case Event.CheckpointCompleted(var _, var checkpoint) -> Checkpointing.completed(turn, job, checkpoint);
            case Event.CheckpointFailed(var _, var _, var step, var reason) ->
                Checkpointing.failed(turn, job, step, reason);
            case Event.LastProgress(var _, var _, var progress) -> Endings.lastProgress(turn, job, progress);
            case Event.Report report -> report(turn, job, report);
        }
    }

    private static void report(Turn turn, JobRecord job, Event.Report event) {
        if (job.phase() instanceof Phase.Ended) {
            turn.ignore(job, event.getClass().getSimpleName() + " of a job that is " + JobStates.name(job.state()));
            return;
        }
        switch (event) {
            case Event.Inspected(var _, var report) -> inspected(turn, job, report);
            case Event.ShardReady(var _, var report) -> Generations.shardReady(turn, job, report);
            case Event.ShardBroken(var _, var report) ->
                Endings.failed(turn, job, "Shard " + report.getShard() + " failed: " + report.getReason());
            case Event.PartWritten(var _, var report) -> Checkpointing.partWritten(turn, job, report);
            case Event.EpochShare(var _, var report) -> Leasing.epochShare(turn, job, report);
            case Event.LeaseAsked(var _, var report) -> Leasing.asked(turn, job, report);
            case Event.WorkerDone(var _, var report) -> Endings.workerDone(turn, job, report);
            case Event.WorkerBroken(var _, var report) -> Generations.workerBroken(turn, job, report);
        }
    }

    private static void inspected(Turn turn, JobRecord job, JobInspected report) {
        if (!(job.phase() instanceof Phase.Planning)) {
            turn.ignore(job, "it was planned before");
            return;
        }
        switch (report.getOutcomeCase()) {
            case FACTS -> turn.move(job, new Phase.Queued(report.getFacts(), ""));
            case ERROR -> Endings.end(turn, job, JobState.JOB_STATE_FAILED, report.getError(), Optional.empty());
            case OUTCOME_NOT_SET -> throw new IllegalTransitionException(job, "an inspection without an outcome");
        }
    }
}
