package dev.tutti.coordinator.job;

import dev.tutti.proto.v1.EndJob;
import dev.tutti.proto.v1.EndMode;
import dev.tutti.proto.v1.Hello;
import dev.tutti.proto.v1.JobEvent;
import dev.tutti.proto.v1.JobState;
import dev.tutti.proto.v1.Notice;
import dev.tutti.proto.v1.StateChanged;
import dev.tutti.proto.v1.ToParameterServer;
import dev.tutti.proto.v1.ToWorker;
import java.util.ArrayList;
import java.util.List;

/** One decision in the making: the state so far and the effects so far. Lives as long as one call of {@link JobDecisions#decide}. */
final class Turn {
    private final List<Effect> effects = new ArrayList<>();
    private final long atMillis;
    private ClusterState state;
    private boolean changed;

    Turn(ClusterState state, long atMillis) {
        this.state = state;
        this.atMillis = atMillis;
    }

    ClusterState state() {
        return state;
    }

    long atMillis() {
        return atMillis;
    }

    Decision decision() {
        return new Decision(state, effects, changed);
    }

    void joined(Hello hello) {
        become(state.withMembers(members -> members.put(hello.getMember(), hello)));
    }

    void left(String member) {
        become(state.withMembers(members -> members.remove(member)));
    }

    void nobodyKnown() {
        become(state.withMembers(members -> members.clear()));
    }

    JobRecord put(JobRecord job) {
        become(state.with(job));
        return job;
    }

    private void become(ClusterState next) {
        state = next;
        changed = true;
    }

    /** Takes a job to its next phase, if the table allows it, and tells its watchers. */
    JobRecord move(JobRecord job, Phase next) {
        JobState from = job.state();
        JobState to = next.state();
        if (!Transitions.allowed(from, to)) {
            throw new IllegalTransitionException(job, to);
        }
        JobRecord moved = put(job.in(next));
        if (from != to) {
            publish(
                    moved,
                    JobEvent.newBuilder()
                            .setState(StateChanged.newBuilder().setFrom(from).setTo(to)));
        }
        return moved;
    }

    void notice(JobRecord job, String sentence) {
        publish(job, JobEvent.newBuilder().setNotice(Notice.newBuilder().setText(sentence)));
    }

    void publish(JobRecord job, JobEvent.Builder event) {
        effects.add(new Effect.Publish(
                event.setAtMillis(atMillis).setJob(JobView.of(job)).build()));
    }

    void ignore(JobRecord job, String sentence) {
        effects.add(new Effect.Ignored(job.id(), sentence));
    }

    void add(Effect effect) {
        effects.add(effect);
    }

    /** Does nothing if the member is gone. */
    void toWorker(String worker, ToWorker.Builder message) {
        if (state.alive(worker)) {
            effects.add(new Effect.SendToWorker(worker, message.build()));
        }
    }

    /** Does nothing if the member is gone. */
    void toServer(String server, ToParameterServer.Builder message) {
        if (state.alive(server)) {
            effects.add(new Effect.SendToParameterServer(server, message.build()));
        }
    }

    void endAtWorkers(JobRecord job, Team team, EndMode mode) {
        EndJob end = EndJob.newBuilder().setJob(job.id()).setMode(mode).build();
        team.workers().forEach(worker -> toWorker(worker, ToWorker.newBuilder().setEnd(end)));
    }

    void endAtServers(JobRecord job, Team team) {
        EndJob end = EndJob.newBuilder()
                .setJob(job.id())
                .setMode(EndMode.END_MODE_RELEASE)
                .build();
        team.servers()
                .forEach(server ->
                        toServer(server, ToParameterServer.newBuilder().setEnd(end)));
    }
}
