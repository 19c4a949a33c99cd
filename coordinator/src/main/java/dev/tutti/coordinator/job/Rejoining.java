package dev.tutti.coordinator.job;

import dev.tutti.coordinator.job.Phase.Assembly;
import dev.tutti.coordinator.job.Phase.Halt;
import dev.tutti.proto.v1.EndJob;
import dev.tutti.proto.v1.EndMode;
import dev.tutti.proto.v1.Hello;
import dev.tutti.proto.v1.Role;
import dev.tutti.proto.v1.ToParameterServer;
import dev.tutti.proto.v1.ToWorker;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a new coordinator does with the jobs of the last one: each goes on as its next generation once its members have said Hello
 * again. Effects that the last one did not come to are thereby asked for anew.
 */
final class Rejoining {
    private Rejoining() {}

    static void coordinatorStarted(Turn turn) {
        ClusterState before = turn.state();
        turn.nobodyKnown();
        for (JobRecord job : List.copyOf(turn.state().active().values())) {
            switch (job.phase()) {
                case Phase.Planning planning -> turn.put(job.in(new Phase.Planning(Optional.empty())));
                case Phase.Queued queued -> {}
                case Phase.Starting(var training, var assembly) -> rejoin(turn, job, training, before);
                case Phase.Running(var training) when onlyManifestMissing(training) -> {}
                case Phase.Running(var training) -> rejoin(turn, job, training, before);
                case Phase.Stopping(var training, Halt.Saving(var step)) when hasAllParts(training, step) -> {}
                case Phase.Stopping(var training, var halt) -> rejoin(turn, job, training, before);
                case Phase.Ended ended -> {}
            }
            // The last coordinator may have ended before it wrote them.
            job.training()
                    .ifPresent(training -> training.checkpoints()
                            .parts()
                            .keySet()
                            .forEach(step -> Checkpointing.complete(turn, job, training, step)));
        }
    }

    private static boolean onlyManifestMissing(Training training) {
        return training.allFinished()
                && hasAllParts(training, training.schedule().totalSteps());
    }

    private static boolean hasAllParts(Training training, long step) {
        return training.checkpoints()
                .complete(step, training.team().shardMap().getShardsCount())
                .isPresent();
    }

    /**
     * Waits for its members, and for the workers that were free for it: it would take them as soon as they are there, which would be a generation more.
     *
     * @param before what the last coordinator knew
     */
    private static void rejoin(Turn turn, JobRecord job, Training training, ClusterState before) {
        Set<String> members = new HashSet<>(training.team().servers());
        members.addAll(training.team().workers());
        members.addAll(Placement.reinforced(before, job.spec(), training.team()));
        if (Generations.assembly(job) instanceof Assembly.Gathering(var rejoining, var _)) {
            members.addAll(rejoining);
        }
        Training next = training.paused(turn.atMillis()).regenerated(training.team());
        Assembly gathering = new Assembly.Gathering(members, "");
        turn.move(
                job,
                job.phase() instanceof Phase.Stopping
                        ? new Phase.Stopping(next, new Halt.Reopening(gathering))
                        : new Phase.Starting(next, gathering));
    }

    /** Parameter servers that have not come back have taken their parameters with them; workers can be done without. */
    static void expired(Turn turn) {
        for (JobRecord job : List.copyOf(turn.state().active().values())) {
            switch (job.phase()) {
                case Phase.Starting(var training, Assembly.Gathering(var rejoining, var reason))
                when !rejoining.isEmpty() ->
                    expired(
                            turn,
                            job,
                            training,
                            new Phase.Starting(present(turn, training), new Assembly.Gathering(Set.of(), reason)));
                case Phase.Stopping(var training, Halt.Reopening(Assembly.Gathering(var rejoining, var reason)))
                when !rejoining.isEmpty() ->
                    expired(
                            turn,
                            job,
                            training,
                            new Phase.Stopping(
                                    present(turn, training),
                                    new Halt.Reopening(new Assembly.Gathering(Set.of(), reason))));
                case Phase.Planning _, Phase.Queued _, Phase.Starting _, Phase.Running _ -> {}
                case Phase.Stopping _, Phase.Ended _ -> {}
            }
        }
    }

    private static void expired(Turn turn, JobRecord job, Training training, Phase next) {
        List<String> away = training.team().servers().stream()
                .filter(server -> !turn.state().alive(server))
                .sorted()
                .toList();
        if (away.isEmpty()) {
            turn.move(job, next);
        } else {
            Endings.failed(
                    turn,
                    job,
                    "Parameter server " + String.join(", ", away) + " did not come back after the coordinator's restart"
                            + Endings.lastCheckpoint(training));
        }
    }

    private static Training present(Turn turn, Training training) {
        return training.with(training.team()
                .withWorkers(training.team().workers().stream()
                        .filter(turn.state()::alive)
                        .toList()));
    }

    /** A member may still hold a job whose end it was not told of. */
    static void releaseLeftover(Turn turn, Hello hello) {
        turn.state().ended().sequencedValues().reversed().stream()
                .filter(job -> job.training()
                        .map(training -> training.team().has(hello.getMember()))
                        .orElse(false))
                .findFirst()
                .ifPresent(job -> release(turn, job, hello));
    }

    private static void release(Turn turn, JobRecord job, Hello hello) {
        EndJob end = EndJob.newBuilder()
                .setJob(job.id())
                .setMode(EndMode.END_MODE_RELEASE)
                .build();
        if (hello.getRole() == Role.ROLE_WORKER) {
            turn.toWorker(hello.getMember(), ToWorker.newBuilder().setEnd(end));
        } else {
            turn.toServer(hello.getMember(), ToParameterServer.newBuilder().setEnd(end));
        }
    }
}
