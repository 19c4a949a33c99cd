package dev.tutti.proto.spec;

import dev.tutti.proto.v1.Asynchronous;
import dev.tutti.proto.v1.BoundedStaleness;
import dev.tutti.proto.v1.Cluster;
import dev.tutti.proto.v1.Consistency;
import dev.tutti.proto.v1.DelayCompensation;
import dev.tutti.proto.v1.Local;
import dev.tutti.proto.v1.OuterOptimizer;
import dev.tutti.proto.v1.Synchronous;
import java.util.Optional;

/** How workers wait for each other, and what they do instead of it. */
final class ConsistencyRules {
    private static final String PATH = "training.consistency";
    private static final double DEFAULT_LAMBDA = 0.04;
    private static final int DEFAULT_LOCAL_STEPS = 50;
    private static final double DEFAULT_OUTER_RATE = 0.7;
    private static final double DEFAULT_OUTER_MOMENTUM = 0.9;

    private ConsistencyRules() {}

    static Consistency withDefaults(Consistency consistency) {
        Consistency.Builder filled = consistency.toBuilder();
        return switch (consistency.getKindCase()) {
            case KIND_NOT_SET ->
                filled.setSynchronous(Synchronous.getDefaultInstance()).build();
            case SYNCHRONOUS, BOUNDED_STALENESS -> consistency;
            case ASYNCHRONOUS ->
                filled.setAsynchronous(withDefaults(consistency.getAsynchronous()))
                        .build();
            case LOCAL -> filled.setLocal(withDefaults(consistency.getLocal())).build();
        };
    }

    private static Asynchronous withDefaults(Asynchronous asynchronous) {
        if (!asynchronous.hasDelayCompensation()) {
            return asynchronous;
        }
        DelayCompensation compensation = asynchronous.getDelayCompensation();
        return asynchronous.toBuilder()
                .setDelayCompensation(compensation.toBuilder()
                        .setLambda(compensation.hasLambda() ? compensation.getLambda() : DEFAULT_LAMBDA))
                .build();
    }

    private static Local withDefaults(Local local) {
        OuterOptimizer outer = local.getOuter();
        return local.toBuilder()
                .setSteps(local.hasSteps() ? local.getSteps() : DEFAULT_LOCAL_STEPS)
                .setFragments(local.hasFragments() ? local.getFragments() : 1)
                .setOuter(OuterOptimizer.newBuilder()
                        .setRate(outer.hasRate() ? outer.getRate() : DEFAULT_OUTER_RATE)
                        .setMomentum(outer.hasMomentum() ? outer.getMomentum() : DEFAULT_OUTER_MOMENTUM))
                .build();
    }

    static void check(Consistency consistency, Cluster cluster, Problems problems) {
        switch (consistency.getKindCase()) {
            case SYNCHRONOUS -> backup(consistency.getSynchronous(), cluster, problems);
            case ASYNCHRONOUS -> {
                DelayCompensation compensation = consistency.getAsynchronous().getDelayCompensation();
                if (consistency.getAsynchronous().hasDelayCompensation()) {
                    problems.positive(PATH + ".asynchronous.delay-compensation.lambda", compensation.getLambda());
                }
            }
            case BOUNDED_STALENESS -> {
                BoundedStaleness bound = consistency.getBoundedStaleness();
                problems.requiredCount(PATH + ".bounded-staleness.clocks", bound.hasClocks(), bound.getClocks());
            }
            case LOCAL -> local(consistency.getLocal(), problems);
            case KIND_NOT_SET ->
                problems.add(PATH, "must be one of synchronous, asynchronous, bounded-staleness and local");
        }
    }

    private static void local(Local local, Problems problems) {
        String path = PATH + ".local";
        problems.count(path + ".steps", local.getSteps());
        problems.count(path + ".fragments", local.getFragments());
        problems.positive(path + ".outer.rate", local.getOuter().getRate());
        problems.fraction(path + ".outer.momentum", local.getOuter().getMomentum());
        long fragments = Integer.toUnsignedLong(local.getFragments());
        long steps = Integer.toUnsignedLong(local.getSteps());
        if (steps > 0 && fragments > steps) {
            problems.mismatch(
                    path + ".fragments",
                    "must be at most local.steps, which is %d, so that there is a step between two, got %d"
                            .formatted(steps, fragments),
                    path + ".steps",
                    Optional.of(path + ".fragments=" + steps));
        }
    }

    private static void backup(Synchronous synchronous, Cluster cluster, Problems problems) {
        String path = PATH + ".synchronous.backup-workers";
        problems.count(path, synchronous.getBackupWorkers());
        long backups = Integer.toUnsignedLong(synchronous.getBackupWorkers());
        long workers = Integer.toUnsignedLong(cluster.getWorkers().getMin());
        if (backups > 0 && backups >= workers) {
            problems.mismatch(
                    path,
                    "must be less than workers.min, which is %d, so that someone is waited for, got %d"
                            .formatted(workers, backups),
                    "cluster.workers.min",
                    Optional.of("cluster.workers.min=" + (backups + 1)));
        }
    }
}
