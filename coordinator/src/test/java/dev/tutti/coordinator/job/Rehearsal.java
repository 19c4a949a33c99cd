package dev.tutti.coordinator.job;

import dev.tutti.proto.v1.Checkpoint;
import dev.tutti.proto.v1.CheckpointPart;
import dev.tutti.proto.v1.EpochPart;
import dev.tutti.proto.v1.Hello;
import dev.tutti.proto.v1.JobInspected;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.JobState;
import dev.tutti.proto.v1.Lease;
import dev.tutti.proto.v1.LeaseAnswer;
import dev.tutti.proto.v1.LeaseRequest;
import dev.tutti.proto.v1.OpenShard;
import dev.tutti.proto.v1.ShardOpened;
import dev.tutti.proto.v1.StartGeneration;
import dev.tutti.proto.v1.Sums;
import dev.tutti.proto.v1.WorkerFailed;
import dev.tutti.proto.v1.WorkerFinished;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/** Drives decisions the way a cluster would, one sentence of a test at a time. */
final class Rehearsal {
    static final String JOB = "two-moons-abc234";

    final List<Event> journal = new ArrayList<>();
    ClusterState state = ClusterState.EMPTY;
    List<Effect> effects = List.of();
    private long atMillis = 1_000;

    static Rehearsal withMembers(String... members) {
        Rehearsal rehearsal = new Rehearsal();
        for (String member : members) {
            rehearsal.join(member.startsWith("ps") ? Specs.server(member) : Specs.worker(member));
        }
        return rehearsal;
    }

    Rehearsal on(Function<Long, Event> event) {
        Event happened = event.apply(atMillis += 100);
        Decision decision = JobDecisions.decide(state, happened);
        state = decision.state();
        effects = decision.effects();
        if (decision.changed()) {
            journal.add(happened);
        }
        return this;
    }

    Rehearsal join(Hello hello) {
        return on(at -> new Event.MemberJoined(at, hello));
    }

    Rehearsal lose(String member) {
        return on(at -> new Event.MemberLost(at, member));
    }

    Rehearsal restart() {
        return on(at -> new Event.CoordinatorStarted(at, 2));
    }

    Rehearsal submit(JobSpec spec) {
        return submit(JOB, spec);
    }

    Rehearsal submit(String id, JobSpec spec) {
        return on(at -> new Event.JobSubmitted(at, id, spec, "key-" + id, "/checkpoints/" + id));
    }

    Rehearsal planned() {
        return planned(JOB);
    }

    Rehearsal planned(String id) {
        return on(at -> new Event.Inspected(
                at, JobInspected.newBuilder().setJob(id).setFacts(Specs.facts()).build()));
    }

    Rehearsal opened(long generation, int shard, long completeStep) {
        return on(at -> new Event.ShardReady(
                at,
                ShardOpened.newBuilder()
                        .setJob(JOB)
                        .setGeneration(generation)
                        .setShard(shard)
                        .setCompleteStep(completeStep)
                        .build()));
    }

    /** Both shards answer. */
    Rehearsal allOpened(long completeStep) {
        long generation = generation();
        return opened(generation, 0, completeStep).opened(generation, 1, completeStep);
    }

    Rehearsal running(JobSpec spec) {
        return submit(spec).planned().allOpened(0);
    }

    Rehearsal epoch(String worker, int epoch) {
        return epoch(worker, epoch, Specs.sums(49, -1, 49));
    }

    Rehearsal epoch(String worker, int epoch, Sums training) {
        return on(at -> new Event.EpochShare(
                at,
                EpochPart.newBuilder()
                        .setJob(JOB)
                        .setGeneration(generation())
                        .setWorker(worker)
                        .setEpoch(epoch)
                        .setStep((epoch + 1L) * Specs.STEPS_PER_EPOCH)
                        .setTraining(training)
                        .setValidation(Specs.sums(2.5, 4, 5))
                        .build()));
    }

    Rehearsal finished(String worker, String sha256) {
        return done(
                worker,
                WorkerFinished.newBuilder()
                        .setStep(Specs.TOTAL_STEPS)
                        .setTest(Specs.sums(1, 4, 5))
                        .setParametersSha256(sha256)
                        .setBackend("cpu")
                        .setSkippedSteps(1)
                        .setTrainingSeconds(2));
    }

    /** It has come to the end of what it was told to do. */
    Rehearsal ended(String worker, long step) {
        return done(worker, WorkerFinished.newBuilder().setStep(step));
    }

    Rehearsal stopped(String worker, long step) {
        return done(worker, WorkerFinished.newBuilder().setStep(step).setStopped(true));
    }

    Rehearsal done(String worker, WorkerFinished.Builder report) {
        return on(at -> new Event.WorkerDone(
                at,
                report.setJob(JOB).setGeneration(generation()).setWorker(worker).build()));
    }

    Rehearsal broken(String worker, long generation, boolean isTransient, String reason) {
        return on(at -> new Event.WorkerBroken(
                at,
                WorkerFailed.newBuilder()
                        .setJob(JOB)
                        .setGeneration(generation)
                        .setWorker(worker)
                        .setTransient(isTransient)
                        .setReason(reason)
                        .build()));
    }

    Rehearsal part(int shard, long step) {
        return on(at -> new Event.PartWritten(
                at,
                CheckpointPart.newBuilder()
                        .setJob(JOB)
                        .setGeneration(generation())
                        .setShard(shard)
                        .setStep(step)
                        .setFile("shard-" + shard)
                        .build()));
    }

    Rehearsal checkpointed(long step) {
        part(0, step);
        return part(1, step).manifest(step);
    }

    Rehearsal manifest(long step) {
        return on(at -> new Event.CheckpointCompleted(
                at,
                Checkpoint.newBuilder()
                        .setJobId(JOB)
                        .setStep(step)
                        .setPath("/checkpoints/" + step)
                        .build()));
    }

    Rehearsal checkpointLost(long step) {
        return on(at -> new Event.CheckpointFailed(at, JOB, step, "shard 1: disk full"));
    }

    Rehearsal asks(String worker) {
        return asks(worker, List.of());
    }

    Rehearsal asks(String worker, Lease done) {
        return asks(worker, List.of(done));
    }

    private Rehearsal asks(String worker, List<Lease> done) {
        LeaseRequest.Builder request = LeaseRequest.newBuilder()
                .setJob(JOB)
                .setGeneration(generation())
                .setWorker(worker);
        done.forEach(request::setDone);
        return on(at -> new Event.LeaseAsked(at, request.build()));
    }

    Rehearsal stop() {
        return on(at -> new Event.StopAsked(at, JOB));
    }

    Rehearsal cancel() {
        return on(at -> new Event.CancelAsked(at, JOB));
    }

    JobRecord job() {
        return state.job(JOB).orElseThrow();
    }

    JobState jobState() {
        return job().state();
    }

    String reason() {
        return JobView.of(job()).getReason();
    }

    long generation() {
        return training().generation();
    }

    Training training() {
        return job().training().orElseThrow();
    }

    List<StartGeneration> starts() {
        return toWorkers()
                .filter(sent -> sent.message().hasStart())
                .map(sent -> sent.message().getStart())
                .toList();
    }

    List<OpenShard> opens() {
        return toServers()
                .filter(sent -> sent.message().hasOpen())
                .map(sent -> sent.message().getOpen())
                .toList();
    }

    LeaseAnswer answerTo(String worker) {
        return toWorkers()
                .filter(sent -> sent.worker().equals(worker) && sent.message().hasLease())
                .map(sent -> sent.message().getLease())
                .reduce((_, last) -> last)
                .orElse(LeaseAnswer.getDefaultInstance());
    }

    Stream<Effect.SendToWorker> toWorkers() {
        return effects.stream().filter(Effect.SendToWorker.class::isInstance).map(Effect.SendToWorker.class::cast);
    }

    Stream<Effect.SendToParameterServer> toServers() {
        return effects.stream()
                .filter(Effect.SendToParameterServer.class::isInstance)
                .map(Effect.SendToParameterServer.class::cast);
    }

    /** Names of the members that were told that the job is over. */
    List<String> released() {
        return Stream.concat(
                        toWorkers().filter(sent -> sent.message().hasEnd()).map(Effect.SendToWorker::worker),
                        toServers().filter(sent -> sent.message().hasEnd()).map(Effect.SendToParameterServer::server))
                .sorted()
                .toList();
    }

    boolean ignored() {
        return effects.stream().anyMatch(Effect.Ignored.class::isInstance);
    }
}
