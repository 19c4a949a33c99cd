package dev.tutti.coordinator.job;

import static dev.tutti.coordinator.job.SimulatedCluster.JOB;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.EndMode;
import dev.tutti.proto.v1.EpochPart;
import dev.tutti.proto.v1.Lease;
import dev.tutti.proto.v1.LeaseAnswer;
import dev.tutti.proto.v1.LeaseRequest;
import dev.tutti.proto.v1.StartGeneration;
import dev.tutti.proto.v1.Sums;
import dev.tutti.proto.v1.ToWorker;
import dev.tutti.proto.v1.WorkerFinished;
import java.util.ArrayDeque;
import java.util.Deque;

/** A worker that trains nothing, but tells the truth about it. One {@link #act} is a step, a batch or a report. */
final class SimulatedWorker {
    private final String name;
    private final SimulatedCluster cluster;
    private final boolean asynchronous;
    private final Deque<LeaseAnswer> answers = new ArrayDeque<>();
    private StartGeneration start = StartGeneration.getDefaultInstance();
    /** The same answer may come twice, as requests are repeated. */
    private LeaseAnswer lastAnswer = LeaseAnswer.getDefaultInstance();

    private LeaseRequest lastRequest = LeaseRequest.getDefaultInstance();
    private boolean answerLost;
    private boolean running;
    private boolean stopping;
    private boolean pushed;
    private int reportedEpochs;
    private int batch;

    SimulatedWorker(String name, SimulatedCluster cluster, boolean asynchronous) {
        this.name = name;
        this.cluster = cluster;
        this.asynchronous = asynchronous;
    }

    /** After a while it will ask again. */
    void missesAnswer() {
        answerLost = true;
    }

    void receive(ToWorker message) {
        answerLost &= !message.hasLease() && !message.hasStart();
        if (message.hasStart()) {
            assertThat(message.getStart().getGeneration())
                    .as("workers see growing generations")
                    .isGreaterThan(start.getGeneration());
            start = message.getStart();
            running = true;
            stopping = false;
            pushed = false;
            answers.clear();
            lastAnswer = LeaseAnswer.getDefaultInstance();
            batch = 0;
            reportedEpochs = start.getValidatedEpochs();
            if (asynchronous) {
                ask(LeaseRequest.newBuilder());
            }
        } else if (message.hasEnd()) {
            stopping = message.getEnd().getMode() == EndMode.END_MODE_STOP_AFTER_STEP;
            running &= stopping;
        } else if (message.hasLease()
                && message.getLease().getGeneration() == start.getGeneration()
                && !message.getLease().hasHold()
                && !message.getLease().equals(lastAnswer)) {
            lastAnswer = message.getLease();
            answers.addLast(message.getLease());
        }
    }

    boolean canAct() {
        if (!running) {
            return false;
        }
        if (asynchronous) {
            return stopping || !answers.isEmpty() || answerLost;
        }
        return !pushed || complete() >= pushedStep();
    }

    private long pushedStep = 0;

    private long pushedStep() {
        return pushedStep;
    }

    private long complete() {
        return cluster.shards.completeStep;
    }

    void act() {
        if (asynchronous) {
            actAsynchronously();
        } else {
            actSynchronously();
        }
    }

    private void actSynchronously() {
        long complete = complete();
        pushed = false;
        long spe = start.getStepsPerEpoch();
        if (reportedEpochs < complete / spe) {
            epoch(reportedEpochs++);
        } else if (stopping && complete < start.getTotalSteps()) {
            finish(WorkerFinished.newBuilder().setStep(complete).setStopped(true));
        } else if (complete == start.getTotalSteps()) {
            finish(WorkerFinished.newBuilder().setStep(complete).setParametersSha256("same"));
        } else {
            pushed = true;
            pushedStep = complete + 1;
            boolean done = cluster.shards.push(
                    start.getGeneration(), pushedStep, start.getSliceBegin(), start.getSliceEnd(), start.getSlices());
            if (done && (pushedStep % Specs.EVERY == 0 || pushedStep == Specs.EPOCHS * spe)) {
                cluster.part("ps-0", pushedStep);
                cluster.part("ps-1", pushedStep);
            }
        }
    }

    private void actAsynchronously() {
        if (stopping) {
            finish(WorkerFinished.newBuilder().setStopped(true));
            return;
        }
        if (answers.isEmpty()) {
            answerLost = false;
            LeaseRequest again = lastRequest;
            cluster.send(name, at -> new Event.LeaseAsked(at, again));
            return;
        }
        LeaseAnswer answer = answers.getFirst();
        switch (answer.getKindCase()) {
            case LEASE -> {
                Lease lease = answer.getLease();
                cluster.shards.apply(start.getGeneration(), lease.getEpoch(), lease.getFirstBatch() + batch++);
                if (batch == lease.getBatches()) {
                    answers.removeFirst();
                    batch = 0;
                    ask(LeaseRequest.newBuilder().setDone(lease));
                }
            }
            case VALIDATE -> {
                answers.removeFirst();
                assertThat(cluster.shards.applied)
                        .as("an epoch is validated when all of it was applied")
                        .hasSize(Specs.STEPS_PER_EPOCH);
                epoch(answer.getValidate().getEpoch());
                ask(LeaseRequest.newBuilder());
            }
            case FINISH -> {
                answers.removeFirst();
                finish(WorkerFinished.newBuilder().setParametersSha256("same"));
            }
            case HOLD, KIND_NOT_SET -> throw new AssertionError(answer);
        }
    }

    private void ask(LeaseRequest.Builder request) {
        LeaseRequest sent = request.setJob(JOB)
                .setGeneration(start.getGeneration())
                .setWorker(name)
                .build();
        lastRequest = sent;
        cluster.send(name, at -> new Event.LeaseAsked(at, sent));
    }

    private void epoch(int epoch) {
        EpochPart part = EpochPart.newBuilder()
                .setJob(JOB)
                .setGeneration(start.getGeneration())
                .setWorker(name)
                .setEpoch(epoch)
                .setStep(complete())
                .setTraining(training(epoch))
                .setValidation(Specs.sums(
                        1,
                        1,
                        10L * start.getSliceEnd() / start.getSlices()
                                - 10L * start.getSliceBegin() / start.getSlices()))
                .build();
        cluster.send(name, at -> new Event.EpochShare(at, part));
    }

    /** Of a synchronous job the shards know it all, whoever was lost. */
    private Sums training(int epoch) {
        if (asynchronous) {
            return Specs.sums(1, -1, 1);
        }
        return start.getSliceBegin() == 0
                ? Specs.sums(Specs.TRAIN_SAMPLES * (epoch + 0.5), -1, Specs.TRAIN_SAMPLES)
                : Specs.sums(0, -1, 0);
    }

    private void finish(WorkerFinished.Builder report) {
        running = false;
        WorkerFinished sent = report.setJob(JOB)
                .setGeneration(start.getGeneration())
                .setWorker(name)
                .build();
        cluster.send(name, at -> new Event.WorkerDone(at, sent));
    }
}
