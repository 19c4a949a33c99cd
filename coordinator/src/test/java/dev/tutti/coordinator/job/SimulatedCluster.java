package dev.tutti.coordinator.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.job.ConsistencyModel;
import dev.tutti.proto.job.JobStates;
import dev.tutti.proto.v1.Checkpoint;
import dev.tutti.proto.v1.CheckpointPart;
import dev.tutti.proto.v1.JobInspected;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.JobState;
import dev.tutti.proto.v1.ShardOpened;
import dev.tutti.proto.v1.ToParameterServer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.LongFunction;

/**
 * A cluster in one thread: members that do what members do, and a network that keeps the order between two ends but no other, and
 * delivers some messages twice; answers to workers that ask for leases may be lost. What happens next is drawn from a seed.
 */
final class SimulatedCluster {
    static final String JOB = "simulated-job-abc234";

    final Random random;
    final SimulatedShards shards = new SimulatedShards();
    final Map<String, SimulatedWorker> workers = new LinkedHashMap<>();
    final List<Event> journal = new ArrayList<>();
    private final Map<String, Deque<LongFunction<Event>>> toCoordinator = new LinkedHashMap<>();
    private final Map<String, Long> generations = new HashMap<>();
    private final boolean asynchronous;
    ClusterState state = ClusterState.EMPTY;
    private long atMillis = 1_000;
    private int workerNumber;

    SimulatedCluster(long seed, JobSpec spec) {
        random = new Random(seed);
        asynchronous = ConsistencyModel.of(spec.getTraining()).leasesBatches();
        shards.asynchronous = asynchronous;
        happened(at -> new Event.MemberJoined(at, Specs.server("ps-0")));
        happened(at -> new Event.MemberJoined(at, Specs.server("ps-1")));
        addWorker();
        addWorker();
        happened(at -> new Event.JobSubmitted(at, JOB, spec, "", "/checkpoints"));
    }

    void addWorker() {
        String name = "w-" + workerNumber++;
        workers.put(name, new SimulatedWorker(name, this, asynchronous));
        happened(at -> new Event.MemberJoined(at, Specs.worker(name)));
    }

    void killWorker() {
        List<String> names = List.copyOf(workers.keySet());
        if (!names.isEmpty()) {
            String name = names.get(random.nextInt(names.size()));
            workers.remove(name);
            // What it sent before it died still arrives, then its loss is noticed.
            send(name, at -> new Event.MemberLost(at, name));
        }
    }

    /** The coordinator's process ends, with all that was sent to it, and another one replays the journal. */
    void restartCoordinator() {
        toCoordinator.clear();
        ClusterState[] replayed = {ClusterState.EMPTY};
        journal.forEach(
                event -> replayed[0] = JobDecisions.decide(replayed[0], event).state());
        assertThat(replayed[0]).isEqualTo(state);
        happened(at -> new Event.CoordinatorStarted(at, 2));
        List.of("ps-0", "ps-1").forEach(server -> send(server, at -> new Event.MemberJoined(at, Specs.server(server))));
        workers.keySet().forEach(worker -> send(worker, at -> new Event.MemberJoined(at, Specs.worker(worker))));
        send("timer", Event.RejoinExpired::new);
    }

    void send(String sender, LongFunction<Event> event) {
        toCoordinator.computeIfAbsent(sender, _ -> new ArrayDeque<>()).addLast(event);
    }

    /** One thing happens: a message arrives, or a worker gets on. @return false if nothing can */
    boolean step() {
        List<Runnable> possible = new ArrayList<>();
        boolean serversAreBack = state.alive("ps-0") && state.alive("ps-1");
        toCoordinator.forEach((sender, queue) -> {
            // The time to come back is long enough for parameter servers that are still there.
            if (!queue.isEmpty() && (serversAreBack || !sender.equals("timer"))) {
                possible.add(() -> deliver(queue));
            }
        });
        workers.values().stream().filter(SimulatedWorker::canAct).forEach(worker -> possible.add(worker::act));
        if (possible.isEmpty()) {
            return false;
        }
        possible.get(random.nextInt(possible.size())).run();
        return true;
    }

    private void deliver(Deque<LongFunction<Event>> queue) {
        LongFunction<Event> event = queue.removeFirst();
        happened(event);
        if (random.nextInt(10) == 0 && event.apply(0) instanceof Event.Report) {
            happened(event);
        }
    }

    void happened(LongFunction<Event> what) {
        Event event = what.apply(atMillis++);
        JobState before = state.job(JOB).map(JobRecord::state).orElse(JobState.JOB_STATE_PLANNING);
        Decision decision = JobDecisions.decide(state, event);
        state = decision.state();
        if (decision.changed()) {
            journal.add(event);
        }
        check(before);
        decision.effects().forEach(this::run);
    }

    private void check(JobState before) {
        state.job(JOB).ifPresent(job -> {
            assertThat(!JobStates.ended(before) || job.state() == before)
                    .as("terminal states are final: %s → %s", before, job.state())
                    .isTrue();
            job.training().ifPresent(training -> {
                long last = generations.getOrDefault(JOB, 0L);
                assertThat(training.generation()).as("generations grow").isGreaterThanOrEqualTo(last);
                generations.put(JOB, training.generation());
                if (job.phase() instanceof Phase.Running) {
                    List<Team.Share> shares =
                            training.team().shares(training.schedule().slices());
                    int next = 0;
                    for (Team.Share share : shares) {
                        assertThat(share.begin()).as("no slice unassigned").isEqualTo(next);
                        assertThat(share.end()).isGreaterThan(share.begin());
                        next = share.end();
                    }
                    assertThat(next).isEqualTo(training.schedule().slices());
                }
            });
        });
    }

    private void run(Effect effect) {
        switch (effect) {
            case Effect.SendToWorker(var name, var message) -> {
                if (message.hasInspect()) {
                    send(
                            name,
                            at -> new Event.Inspected(
                                    at,
                                    JobInspected.newBuilder()
                                            .setJob(JOB)
                                            .setFacts(Specs.facts())
                                            .build()));
                } else if (workers.containsKey(name) && message.hasLease() && random.nextInt(10) == 0) {
                    workers.get(name).missesAnswer();
                } else if (workers.containsKey(name)) {
                    workers.get(name).receive(message);
                }
            }
            case Effect.SendToParameterServer(var server, var message) -> server(server, message);
            case Effect.CompleteCheckpoint complete ->
                send(
                        "disk",
                        at -> new Event.CheckpointCompleted(
                                at,
                                Checkpoint.newBuilder()
                                        .setJobId(JOB)
                                        .setStep(complete.step())
                                        .setPath("/checkpoints/" + complete.step())
                                        .build()));
            case Effect.Publish _, Effect.PruneCheckpoints _, Effect.Ignored _, Effect.GenerationStarted _ -> {}
        }
    }

    private void server(String server, ToParameterServer message) {
        if (message.hasOpen()) {
            long complete = shards.open(message.getOpen().getGeneration());
            int shard = message.getOpen().getShard();
            long generation = message.getOpen().getGeneration();
            send(
                    server,
                    at -> new Event.ShardReady(
                            at,
                            ShardOpened.newBuilder()
                                    .setJob(JOB)
                                    .setGeneration(generation)
                                    .setShard(shard)
                                    .setCompleteStep(complete)
                                    .build()));
        } else if (message.hasCheckpoint()) {
            JobRecord job = state.job(JOB).orElseThrow();
            assertThat(job.training().flatMap(Training::leases).stream()
                            .filter(_ -> job.phase() instanceof Phase.Running)
                            .flatMap(ledger -> ledger.leased().keySet().stream()))
                    .as("no lease is out while a checkpoint is asked for")
                    .isEmpty();
            part(server, message.getCheckpoint().getStep());
        }
    }

    void part(String server, long step) {
        long generation = shards.generation;
        send(
                server,
                at -> new Event.PartWritten(
                        at,
                        CheckpointPart.newBuilder()
                                .setJob(JOB)
                                .setGeneration(generation)
                                .setShard(server.equals("ps-0") ? 0 : 1)
                                .setStep(step)
                                .setFile(server)
                                .build()));
    }
}
