package dev.tutti.it.simulation;

import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import dev.tutti.parameterserver.shard.Checkpoints;
import dev.tutti.parameterserver.shard.Shard;
import dev.tutti.parameterserver.shard.ShardSettings;
import dev.tutti.parameterserver.shard.ShardSnapshot;
import dev.tutti.proto.job.ConsistencyModel;
import dev.tutti.proto.v1.Consistency;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.ShardMap;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.simple.SimpleConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Replays a job on virtual time. Real are the shards (the product's {@link Shard}, which gets every frame that it would get in such a job, and
 * decides what is sent to whom and when), the placement of chunks and the slice tree. Modelled are workers, network and the time everything takes.
 * A shard's chunks have one element each here, and are charged for their true size.
 *
 * <p>Left out: what the coordinator does, validation, checkpoints, and reading data. Nobody is lost.
 */
final class Simulation {
    private static final long NEVER_REACHED = Long.MAX_VALUE;

    private Simulation() {}

    static Outcome run(Scenario scenario) {
        VirtualTime time = new VirtualTime();
        Placement placement = new Placement(scenario.workload(), scenario.shards());
        Network network = new Network(
                time,
                scenario.wire().bytesPerSecond(),
                VirtualTime.nanos(scenario.wire().latencySeconds()));
        Cores cores = new Cores(time, scenario.computers().cores());
        Progress progress = new Progress(scenario, time, network);
        SimpleMeterRegistry registry = new SimpleMeterRegistry(SimpleConfig.DEFAULT, new StoppedClock());
        List<SimulatedShard> shards = new ArrayList<>();
        try {
            ParameterServerMetrics metrics = new ParameterServerMetrics(registry);
            ShardMap map = placement.replayed();
            for (int number = 0; number < placement.shardCount(); number++) {
                Shard shard = new Shard(settings(scenario, map, number), metrics, new NoCheckpoints());
                shards.add(new SimulatedShard(
                        shard,
                        network.port(),
                        new SimulatedThread(cores),
                        scenario.computers().shardBytesPerSecond()));
            }
            Cluster cluster = new Cluster(scenario, placement, network, cores, shards, progress);
            for (int worker = 0; worker < scenario.workers(); worker++) {
                worker(cluster, worker).start();
            }
            time.runUntil(progress::isOver);
            return outcome(scenario, progress, registry);
        } finally {
            shards.forEach(SimulatedShard::close);
        }
    }

    private static SimulatedWorker worker(Cluster cluster, int number) {
        return cluster.scenario().consistency().leasesBatches()
                ? new LeasingWorker(cluster, number)
                : new SteppingWorker(cluster, number);
    }

    private static ShardSettings settings(Scenario scenario, ShardMap map, int shard) {
        JobSpec.Builder spec = JobSpec.newBuilder();
        spec.getTrainingBuilder()
                .setConsistency(consistency(scenario.consistency()))
                .getOptimizerBuilder()
                .getSgdBuilder()
                .setRate(1);
        return new ShardSettings(
                Frames.JOB, spec.build(), map, shard, scenario.slices(), NEVER_REACHED, Path.of("unused"));
    }

    /** Whatever is about time; updates count as one each. */
    private static Consistency consistency(ConsistencyModel model) {
        Consistency.Builder consistency = Consistency.newBuilder();
        switch (model) {
            case ConsistencyModel.Synchronous(var backups) ->
                consistency.getSynchronousBuilder().setBackupWorkers(backups);
            case ConsistencyModel.Asynchronous _ -> consistency.getAsynchronousBuilder();
            case ConsistencyModel.BoundedStaleness(var clocks) ->
                consistency.getBoundedStalenessBuilder().setClocks(clocks);
            case ConsistencyModel.Local(var steps, var fragments, var _, var _) -> {
                if (fragments != 1) {
                    throw new IllegalArgumentException("Rounds of one fragment are replayed, not of " + fragments);
                }
                consistency
                        .getLocalBuilder()
                        .setSteps(steps)
                        .setFragments(fragments)
                        .getOuterBuilder()
                        .setRate(1);
            }
        }
        return consistency.build();
    }

    private static Outcome outcome(Scenario scenario, Progress progress, SimpleMeterRegistry registry) {
        DistributionSummary staleness =
                registry.get("tutti.parameter.server.staleness").summary();
        return new Outcome(
                appliedPasses(scenario) * scenario.workload().seconds() / (progress.stepSeconds() * scenario.workers()),
                progress.stepSeconds(),
                progress.stepPayloadBytes(),
                progress.batchesAhead(),
                Math.round(staleness.max()),
                Math.round(registry.get("tutti.parameter.server.late.gradients")
                        .counter()
                        .count()));
    }

    /** Of a step. */
    private static double appliedPasses(Scenario scenario) {
        return switch (scenario.consistency()) {
            case ConsistencyModel.Synchronous(var backups) ->
                (double) scenario.slices() * (scenario.workers() - backups) / scenario.workers();
            case ConsistencyModel.Local(var steps, var _, var _, var _) -> (double) scenario.slices() * steps;
            case ConsistencyModel.Asynchronous _, ConsistencyModel.BoundedStaleness _ -> scenario.workers();
        };
    }

    /** So that no maximum is ever too old to count. */
    private static final class StoppedClock implements Clock {
        @Override
        public long wallTime() {
            return 0;
        }

        @Override
        public long monotonicTime() {
            return TimeUnit.SECONDS.toNanos(1);
        }
    }

    private static final class NoCheckpoints implements Checkpoints {
        @Override
        public void write(ShardSnapshot snapshot, Need need) {
            snapshot.close();
        }

        @Override
        public void giveUp(long generation, long step, String reason) {
            throw new IllegalStateException(reason);
        }
    }
}
