package dev.tutti.coordinator.job;

import dev.tutti.proto.v1.Hello;
import dev.tutti.proto.v1.InspectJob;
import dev.tutti.proto.v1.JobFacts;
import dev.tutti.proto.v1.Role;
import dev.tutti.proto.v1.ToWorker;
import dev.tutti.proto.wording.Words;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Gives members to the jobs that wait for them: first to those under way that cannot go on, then to the queue, then to those that could use more; each time in
 * the order of submission. The first in the queue is never overtaken, so that a large job is not starved by small ones.
 */
final class Queue {
    private Queue() {}

    static void advance(Turn turn) {
        Optional<String> first = Optional.empty();
        for (JobRecord job : List.copyOf(turn.state().active().values())) {
            switch (job.phase()) {
                case Phase.Planning(var inspector) when inspector.isEmpty() -> inspect(turn, job);
                case Phase.Starting(var training, Phase.Assembly.Gathering gathering) ->
                    Generations.assemble(turn, job, training, gathering.rejoining());
                case Phase.Stopping(var training, Phase.Halt.Reopening(Phase.Assembly.Gathering gathering)) ->
                    Generations.assemble(turn, job, training, gathering.rejoining());
                case Phase.Planning _, Phase.Starting _, Phase.Running _, Phase.Stopping _, Phase.Ended _ -> {}
                case Phase.Queued _ -> {}
            }
        }
        for (JobRecord job : List.copyOf(turn.state().active().values())) {
            if (job.phase() instanceof Phase.Queued queued && !start(turn, job, queued, first) && first.isEmpty()) {
                first = Optional.of(job.id());
            }
        }
        if (first.isEmpty()) {
            grow(turn);
        }
    }

    /** Free workers nobody waits for go to jobs that run with fewer than they asked for at most. */
    private static void grow(Turn turn) {
        for (JobRecord job : List.copyOf(turn.state().active().values())) {
            if (job.phase() instanceof Phase.Running(var training)
                    && training.finished().isEmpty()) {
                List<String> joining = new ArrayList<>(Placement.reinforced(turn.state(), job.spec(), training.team()));
                joining.removeAll(training.team().workers());
                if (!joining.isEmpty()) {
                    Generations.again(turn, job, training, Words.named("Worker", joining) + " joined");
                }
            }
        }
    }

    private static void inspect(Turn turn, JobRecord job) {
        List<Hello> free = turn.state().free(Role.ROLE_WORKER);
        Stream<Hello> any = turn.state().members().values().stream().filter(m -> m.getRole() == Role.ROLE_WORKER);
        Stream.concat(free.stream(), any).findFirst().map(Hello::getMember).ifPresent(worker -> {
            turn.put(job.in(new Phase.Planning(Optional.of(worker))));
            turn.toWorker(
                    worker,
                    ToWorker.newBuilder()
                            .setInspect(InspectJob.newBuilder().setJob(job.id()).setSpec(job.spec())));
        });
    }

    /** @param before a job earlier in the queue that could not start */
    private static boolean start(Turn turn, JobRecord job, Phase.Queued queued, Optional<String> before) {
        if (before.isPresent()) {
            waits(turn, job, queued.facts(), "waits for job " + before.get() + ", which was submitted earlier");
            return false;
        }
        return switch (Placement.of(turn.state(), job.spec(), queued.facts())) {
            case Placement.Missing(var sentence) -> {
                waits(turn, job, queued.facts(), sentence);
                yield false;
            }
            case Placement.Found(var team) -> {
                Generations.first(turn, job, queued.facts(), team);
                yield true;
            }
        };
    }

    private static void waits(Turn turn, JobRecord job, JobFacts facts, String reason) {
        Phase.Queued waiting = new Phase.Queued(facts, reason);
        if (!waiting.equals(job.phase())) {
            turn.notice(turn.put(job.in(waiting)), "The job " + reason);
        }
    }
}
