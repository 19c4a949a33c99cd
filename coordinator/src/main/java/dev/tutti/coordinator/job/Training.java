package dev.tutti.coordinator.job;

import dev.tutti.proto.job.ConsistencyModel;
import dev.tutti.proto.v1.JobFacts;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.WorkerFinished;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * How far the training of a job is. Immutable.
 *
 * @param startedAtMillis when members were first assigned to it
 * @param clock since when it has been running, and for how long before
 * @param generation grows with every new start; 0 before the first
 * @param startStep steps complete on every shard when this generation started
 * @param finished last reports of this generation's workers, by worker
 * @param leases the data ledger; empty for a job that leases no batches
 */
public record Training(
        JobFacts facts,
        Schedule schedule,
        long startedAtMillis,
        RunningTime clock,
        Team team,
        long generation,
        long startStep,
        Futility futility,
        EpochBook epochs,
        CheckpointBook checkpoints,
        Map<String, WorkerFinished> finished,
        Optional<LeaseLedger> leases) {
    public Training {
        finished = Map.copyOf(finished);
    }

    /**
     * How many steps there are. The last step of an epoch may have fewer rows; no sample is dropped.
     *
     * @param stepsPerEpoch of those that shards take
     * @param batchesPerStep how many batches such a step is trained on: more than one in a local job, whose steps are rounds
     * @param batchesPerEpoch the last step of an epoch may have fewer
     */
    public record Schedule(long stepsPerEpoch, long batchesPerStep, long batchesPerEpoch, int epochs, int slices) {
        static Schedule of(JobSpec spec, JobFacts facts) {
            long batches = Math.ceilDiv(
                    facts.getTrainSamples(), (long) spec.getTraining().getBatch());
            long batchesPerStep = switch (ConsistencyModel.of(spec.getTraining())) {
                case ConsistencyModel.Local local -> local.steps();
                case ConsistencyModel.Synchronous _,
                        ConsistencyModel.Asynchronous _,
                        ConsistencyModel.BoundedStaleness _ -> 1;
            };
            return new Schedule(
                    Math.ceilDiv(batches, batchesPerStep),
                    batchesPerStep,
                    batches,
                    spec.getTraining().getEpochs(),
                    spec.getCluster().getSlices());
        }

        public long totalSteps() {
            return stepsPerEpoch * epochs;
        }

        public long totalBatches() {
            return batchesPerEpoch * epochs;
        }

        /** Batches that are trained on after so many steps: what users call steps. */
        long batches(long steps) {
            return steps / stepsPerEpoch * batchesPerEpoch
                    + Math.min(steps % stepsPerEpoch * batchesPerStep, batchesPerEpoch);
        }
    }

    /**
     * @param hasRun whether workers were ever told to start: from then on, parameters that are missing are lost
     * @param sinceMillis 0 while it does not run
     */
    public record RunningTime(boolean hasRun, long sinceMillis, long beforeMillis) {
        RunningTime started(long atMillis) {
            return new RunningTime(true, atMillis, beforeMillis);
        }

        RunningTime paused(long atMillis) {
            return sinceMillis == 0
                    ? this
                    : new RunningTime(hasRun, 0, beforeMillis + Math.max(0, atMillis - sinceMillis));
        }
    }

    /**
     * Generations that began because a connection broke, one after the other, without a step completed in between.
     *
     * @param progress what was complete when the count began
     */
    public record Futility(int generations, long progress) {
        static final int LIMIT = 20;

        Futility another(long progressNow) {
            return progressNow > progress ? new Futility(1, progressNow) : new Futility(generations + 1, progress);
        }
    }

    static Training first(JobRecord job, JobFacts facts, Team team, long atMillis) {
        Schedule schedule = Schedule.of(job.spec(), facts);
        return new Training(
                facts,
                schedule,
                atMillis,
                new RunningTime(false, 0, 0),
                team,
                0,
                0,
                new Futility(0, 0),
                new EpochBook(new TreeMap<>(), new TreeMap<>(), atMillis),
                CheckpointBook.EMPTY,
                Map.of(),
                job.asynchronous() ? Optional.of(LeaseLedger.of(schedule)) : Optional.empty());
    }

    Training with(Team other) {
        return copy(other, epochs, checkpoints, finished, leases);
    }

    Training with(EpochBook other) {
        return copy(team, other, checkpoints, finished, leases);
    }

    Training with(CheckpointBook other) {
        return copy(team, epochs, other, finished, leases);
    }

    Training with(LeaseLedger other) {
        return copy(team, epochs, checkpoints, finished, Optional.of(other));
    }

    Training withFinished(WorkerFinished report) {
        Map<String, WorkerFinished> more = new LinkedHashMap<>(finished);
        more.put(report.getWorker(), report);
        return copy(team, epochs, checkpoints, more, leases);
    }

    private Training copy(
            Team newTeam,
            EpochBook newEpochs,
            CheckpointBook newCheckpoints,
            Map<String, WorkerFinished> newFinished,
            Optional<LeaseLedger> newLeases) {
        return new Training(
                facts,
                schedule,
                startedAtMillis,
                clock,
                newTeam,
                generation,
                startStep,
                futility,
                newEpochs,
                newCheckpoints,
                newFinished,
                newLeases);
    }

    /** The next generation: what the last one left open is done again. */
    Training regenerated(Team newTeam) {
        return new Training(
                facts,
                schedule,
                startedAtMillis,
                clock,
                newTeam,
                generation + 1,
                startStep,
                futility,
                epochs.regenerated(),
                checkpoints,
                Map.of(),
                leases.map(LeaseLedger::regenerated));
    }

    Training running(long completeStep, long atMillis) {
        return timed(clock.started(atMillis), completeStep, futility);
    }

    Training paused(long atMillis) {
        return timed(clock.paused(atMillis), startStep, futility);
    }

    Training brokenOff() {
        return timed(clock, startStep, futility.another(progress()));
    }

    private Training timed(RunningTime newClock, long newStartStep, Futility newFutility) {
        return new Training(
                facts,
                schedule,
                startedAtMillis,
                newClock,
                team,
                generation,
                newStartStep,
                newFutility,
                epochs,
                checkpoints,
                finished,
                leases);
    }

    private long progress() {
        return leases.map(LeaseLedger::doneBatches).orElse(startStep);
    }

    /** Every worker has reported its end after the last step. */
    boolean allFinished() {
        return !team.workers().isEmpty()
                && team.workers().stream()
                        .allMatch(worker -> finished.containsKey(worker)
                                && !finished.get(worker).getStopped());
    }

    Team.Share share(JobRecord job, String worker) {
        return team.shares(schedule.slices()).stream()
                .filter(share -> share.worker().equals(worker))
                .findFirst()
                .orElseThrow(() -> new IllegalTransitionException(
                        job, "a report of " + worker + ", which is not among its workers " + team.workers() + ","));
    }
}
