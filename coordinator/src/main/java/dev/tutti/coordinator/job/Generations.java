package dev.tutti.coordinator.job;

import dev.tutti.coordinator.job.Phase.Assembly;
import dev.tutti.coordinator.job.Phase.Halt;
import dev.tutti.proto.v1.JobFacts;
import dev.tutti.proto.v1.OpenShard;
import dev.tutti.proto.v1.ShardOpened;
import dev.tutti.proto.v1.ShardRange;
import dev.tutti.proto.v1.StartGeneration;
import dev.tutti.proto.v1.ToParameterServer;
import dev.tutti.proto.v1.ToWorker;
import dev.tutti.proto.v1.WorkerFailed;
import dev.tutti.proto.wording.Words;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How a job's members start together, and start again without those that were lost: shards open, fenced to the new generation, and
 * say which step is complete; then every worker gets its run of slices and goes on after the lowest.
 */
final class Generations {
    private Generations() {}

    static void first(Turn turn, JobRecord job, JobFacts facts, Team team) {
        Training training = Training.first(job, facts, team, turn.atMillis()).regenerated(team);
        open(turn, job, training);
    }

    /** Opens the shards if everyone needed is there; otherwise the job says what it waits for. A job that stops needs no worker. */
    static void assemble(Turn turn, JobRecord job, Training training, Set<String> rejoining) {
        boolean stopping = job.phase() instanceof Phase.Stopping;
        Team team = training.team();
        List<String> away = team.servers().stream()
                .filter(server -> !turn.state().alive(server))
                .toList();
        List<String> late = rejoining.stream()
                .filter(member -> !turn.state().alive(member) && (!stopping || away.contains(member)))
                .sorted()
                .toList();
        List<String> workers = Placement.reinforced(turn.state(), job.spec(), team);
        int wanted = stopping ? 0 : job.spec().getCluster().getWorkers().getMin();
        if (!away.isEmpty() || !late.isEmpty()) {
            gather(turn, job, training, rejoining, "waits for " + String.join(", ", late) + " to come back");
        } else if (workers.size() < wanted) {
            String has = workers.isEmpty() ? "none" : String.valueOf(workers.size());
            gather(
                    turn,
                    job,
                    training,
                    rejoining,
                    "waits for " + Words.count(wanted, "worker") + " to go on; there is " + has);
        } else {
            open(turn, job, training.with(team.withWorkers(stopping ? team.workers() : workers)));
        }
    }

    private static void gather(Turn turn, JobRecord job, Training training, Set<String> rejoining, String reason) {
        Phase next = within(job, training, new Assembly.Gathering(rejoining, reason));
        if (!next.equals(job.phase())) {
            turn.notice(turn.move(job, next), "The job " + reason);
        }
    }

    private static void open(Turn turn, JobRecord job, Training training) {
        turn.move(job, within(job, training, new Assembly.Opening(new TreeMap<>())));
        for (ShardRange range : training.team().shardMap().getShardsList()) {
            turn.toServer(
                    range.getServer(),
                    ToParameterServer.newBuilder()
                            .setOpen(OpenShard.newBuilder()
                                    .setJob(job.id())
                                    .setGeneration(training.generation())
                                    .setSpec(job.spec())
                                    .setShardMap(training.team().shardMap())
                                    .setShard(range.getShard())
                                    .setSlices(training.schedule().slices())
                                    .setTotalSteps(training.schedule().totalSteps())
                                    .setCheckpointFolder(job.checkpointFolder())
                                    .setMayCreate(!training.clock().hasRun())));
        }
    }

    private static Phase within(JobRecord job, Training training, Assembly assembly) {
        return job.phase() instanceof Phase.Stopping
                ? new Phase.Stopping(training, new Halt.Reopening(assembly))
                : new Phase.Starting(training, assembly);
    }

    static void shardReady(Turn turn, JobRecord job, ShardOpened report) {
        Optional<Training> current = Fence.pass(turn, job, report.getGeneration(), "ShardOpened");
        if (current.isEmpty()) {
            return;
        }
        Training training = current.get();
        if (!(assembly(job) instanceof Assembly.Opening(var known)) || known.containsKey(report.getShard())) {
            turn.ignore(job, "shard " + report.getShard() + " was opened before");
            return;
        }
        int shards = training.team().shardMap().getShardsCount();
        if (report.getShard() >= shards) {
            throw new IllegalTransitionException(job, "shard " + report.getShard() + " of " + shards + " opened; that");
        }
        if (!job.asynchronous() && report.getCompleteStep() < training.startStep()) {
            Endings.failed(
                    turn,
                    job,
                    "Parameter server "
                            + training.team().servers().get(report.getShard()) + " lost parameters: shard "
                            + report.getShard() + " is at step " + report.getCompleteStep() + " again, after step "
                            + training.startStep() + " was complete" + Endings.lastCheckpoint(training));
            return;
        }
        SortedMap<Integer, Long> completeSteps = new TreeMap<>(known);
        completeSteps.put(report.getShard(), report.getCompleteStep());
        if (completeSteps.size() < shards) {
            turn.put(job.in(within(job, training, new Assembly.Opening(completeSteps))));
            return;
        }
        long completeStep = completeSteps.values().stream().min(Long::compare).orElseThrow();
        if (job.phase() instanceof Phase.Stopping) {
            endAfter(turn, job, training, completeStep);
        } else {
            run(turn, job, training, completeStep);
        }
    }

    /**
     * A stop whose step was broken off. Some chunks of a synchronous job may have taken that step and cannot go back, so whoever is
     * left completes it, and all shards stand at the same step.
     */
    private static void endAfter(Turn turn, JobRecord job, Training training, long completeStep) {
        List<String> left =
                training.team().workers().stream().filter(turn.state()::alive).toList();
        if (job.asynchronous()) {
            Checkpointing.saveAndStop(
                    turn,
                    job,
                    training,
                    training.leases().map(LeaseLedger::touchedBatches).orElseThrow());
        } else if (left.isEmpty()
                || completeStep == 0
                || completeStep == training.schedule().totalSteps()
                || training.checkpoints().isWritten(completeStep)) {
            Checkpointing.saveAndStop(turn, job, training, completeStep);
        } else {
            Training last = training.with(training.team().withWorkers(left)).running(completeStep, turn.atMillis());
            turn.move(job, new Phase.Stopping(last, new Halt.Draining(Set.of())));
            start(turn, job, last, completeStep + 1);
        }
    }

    static Assembly assembly(JobRecord job) {
        return switch (job.phase()) {
            case Phase.Starting(var _, var assembly) -> assembly;
            case Phase.Stopping(var _, Halt.Reopening(var assembly)) -> assembly;
            case Phase.Planning _, Phase.Queued _, Phase.Running _, Phase.Stopping _, Phase.Ended _ ->
                new Assembly.Gathering(Set.of(), "");
        };
    }

    private static void run(Turn turn, JobRecord job, Training opened, long completeStep) {
        Training training = opened.running(completeStep, turn.atMillis());
        JobRecord running = turn.move(job, new Phase.Running(training));
        start(turn, job, training, training.schedule().totalSteps());
        if (training.generation() > 1) {
            turn.notice(
                    running,
                    "Generation " + training.generation() + " goes on after step "
                            + training.schedule().batches(completeStep) + " with "
                            + Words.count(training.team().workers().size(), "worker"));
        }
        Checkpointing.requestMissing(turn, running, training);
    }

    private static void start(Turn turn, JobRecord job, Training training, long lastStep) {
        turn.add(new Effect.GenerationStarted(job.id(), training.generation()));
        for (Team.Share share : training.team().shares(training.schedule().slices())) {
            turn.toWorker(
                    share.worker(),
                    ToWorker.newBuilder()
                            .setStart(StartGeneration.newBuilder()
                                    .setJob(job.id())
                                    .setGeneration(training.generation())
                                    .setSpec(job.spec())
                                    .setShardMap(training.team().shardMap())
                                    .setSlices(training.schedule().slices())
                                    .setSliceBegin(share.begin())
                                    .setSliceEnd(share.end())
                                    .setStartStep(training.startStep())
                                    .setTotalSteps(lastStep)
                                    .setStepsPerEpoch(training.schedule().stepsPerEpoch())
                                    .setValidatedEpochs(training.epochs().validated())
                                    .setWorkers(training.team().workers().size())));
        }
    }

    static void workerLost(Turn turn, JobRecord job, String worker) {
        String sentence = "Worker " + worker + " was lost";
        switch (job.phase()) {
            case Phase.Planning _, Phase.Queued _, Phase.Ended _ -> {}
            case Phase.Starting(var training, Assembly.Gathering gathering) ->
                turn.put(job.in(new Phase.Starting(without(training, worker), gathering)));
            case Phase.Starting(var training, Assembly.Opening opening) -> {
                Training rest = without(training, worker);
                if (rest.team().workers().size()
                        < job.spec().getCluster().getWorkers().getMin()) {
                    assemble(turn, job, rest.regenerated(rest.team()), Set.of());
                } else {
                    turn.put(job.in(new Phase.Starting(rest, opening)));
                }
            }
            case Phase.Running(var training) when training.allFinished() -> {}
            case Phase.Running(var training) -> again(turn, job, without(training, worker), sentence);
            case Phase.Stopping(var training, Halt.Draining draining) when training.allFinished() -> {}
            case Phase.Stopping(var training, Halt.Draining draining) ->
                cutOff(turn, job, training, draining, worker, sentence);
            // Nobody waits for a worker any more.
            case Phase.Stopping _ -> {}
        }
    }

    static void workerBroken(Turn turn, JobRecord job, WorkerFailed report) {
        Optional<Training> current = Fence.started(turn, job, report.getGeneration(), "WorkerFailed");
        if (current.isEmpty()) {
            return;
        }
        Training training = current.get().brokenOff();
        current.get().share(job, report.getWorker());
        if (job.phase() instanceof Phase.Stopping(var _, Halt.Saving _)) {
            turn.ignore(job, report.getWorker() + " is not waited for any more");
        } else if (!report.getTransient()) {
            Endings.failed(turn, job, report.getReason());
        } else if (training.futility().generations() > Training.Futility.LIMIT) {
            Endings.failed(
                    turn,
                    job,
                    "The last " + Training.Futility.LIMIT
                            + " generations broke off before a step was complete; the last one because "
                            + report.getReason());
        } else {
            String sentence = "Worker " + report.getWorker() + " was cut off: " + report.getReason();
            switch (job.phase()) {
                case Phase.Running _ -> again(turn, job, training, sentence);
                case Phase.Stopping(var _, Halt.Draining draining) ->
                    cutOff(turn, job, training, draining, report.getWorker(), sentence);
                case Phase.Planning _, Phase.Queued _, Phase.Starting _, Phase.Stopping _, Phase.Ended _ -> {}
            }
        }
    }

    /** A worker will not report its stop. Asynchronously nobody waits for it; otherwise the others wait for its slices. */
    private static void cutOff(
            Turn turn, JobRecord job, Training training, Halt.Draining draining, String worker, String sentence) {
        if (job.asynchronous()) {
            turn.notice(job, sentence);
            Endings.drained(turn, job, training, draining, worker);
        } else {
            again(turn, job, training, sentence);
        }
    }

    /** The next generation with whoever is left. */
    static void again(Turn turn, JobRecord job, Training training, String sentence) {
        turn.notice(job, sentence);
        assemble(turn, job, training.paused(turn.atMillis()).regenerated(training.team()), Set.of());
    }

    private static Training without(Training training, String worker) {
        return training.with(training.team().without(worker));
    }
}
