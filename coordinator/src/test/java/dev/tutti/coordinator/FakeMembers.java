package dev.tutti.coordinator;

import dev.tutti.coordinator.job.Specs;
import dev.tutti.node.Membership;
import dev.tutti.proto.checkpoint.CheckpointFolder;
import dev.tutti.proto.v1.CheckpointPart;
import dev.tutti.proto.v1.EpochPart;
import dev.tutti.proto.v1.JobInspected;
import dev.tutti.proto.v1.OpenShard;
import dev.tutti.proto.v1.ShardOpened;
import dev.tutti.proto.v1.StartGeneration;
import dev.tutti.proto.v1.ToCoordinator;
import dev.tutti.proto.v1.ToParameterServer;
import dev.tutti.proto.v1.ToWorker;
import dev.tutti.proto.v1.WorkerFinished;
import dev.tutti.proto.v1.WorkerProgress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/** Members that keep the contract and compute nothing. Jobs whose name begins with "endless" are started and never finished. */
final class FakeMembers {
    private FakeMembers() {}

    static Behavior<ToWorker> worker(String name) {
        return Behaviors.setup(context -> Behaviors.receive(ToWorker.class)
                .onAnyMessage(message -> {
                    Answer answer = new Answer(context, message.getCoordinator());
                    if (message.hasWelcome()) {
                        answer.send(ToCoordinator.newBuilder().setHello(Specs.worker(name)));
                    } else if (message.hasInspect()) {
                        answer.send(ToCoordinator.newBuilder()
                                .setInspected(JobInspected.newBuilder()
                                        .setJob(message.getInspect().getJob())
                                        .setFacts(Specs.facts())));
                    } else if (message.hasStart()
                            && !message.getStart().getSpec().getName().startsWith("endless")) {
                        train(name, message.getStart(), answer);
                    }
                    return Behaviors.same();
                })
                .build());
    }

    private static void train(String name, StartGeneration start, Answer answer) {
        answer.send(ToCoordinator.newBuilder()
                .setProgress(WorkerProgress.newBuilder()
                        .setJob(start.getJob())
                        .setGeneration(start.getGeneration())
                        .setWorker(name)
                        .setStep(3)
                        .setTraining(Specs.sums(6, 5, 12))));
        for (int epoch = 0; epoch < Specs.EPOCHS; epoch++) {
            answer.send(ToCoordinator.newBuilder()
                    .setEpochPart(EpochPart.newBuilder()
                            .setJob(start.getJob())
                            .setGeneration(start.getGeneration())
                            .setWorker(name)
                            .setEpoch(epoch)
                            .setTraining(Specs.sums(49, 40, 98))
                            .setValidation(Specs.sums(5, 8, 10))));
        }
        answer.send(ToCoordinator.newBuilder()
                .setFinished(WorkerFinished.newBuilder()
                        .setJob(start.getJob())
                        .setGeneration(start.getGeneration())
                        .setWorker(name)
                        .setStep(start.getTotalSteps())
                        .setTest(Specs.sums(5, 9, 10))
                        .setParametersSha256("abc")));
    }

    static Behavior<ToParameterServer> server(String name) {
        return Behaviors.setup(context -> Behaviors.receive(ToParameterServer.class)
                .onAnyMessage(message -> {
                    Answer answer = new Answer(context, message.getCoordinator());
                    if (message.hasWelcome()) {
                        answer.send(ToCoordinator.newBuilder().setHello(Specs.server(name)));
                    } else if (message.hasOpen()) {
                        open(message.getOpen(), answer);
                    }
                    return Behaviors.same();
                })
                .build());
    }

    private static void open(OpenShard open, Answer answer) {
        answer.send(ToCoordinator.newBuilder()
                .setShardOpened(ShardOpened.newBuilder()
                        .setJob(open.getJob())
                        .setGeneration(open.getGeneration())
                        .setShard(open.getShard())));
        String file = "shard-" + open.getShard() + ".safetensors";
        Path partial = CheckpointFolder.partial(Path.of(open.getCheckpointFolder()), open.getTotalSteps());
        try {
            Files.createDirectories(partial);
            Files.writeString(partial.resolve(file), "parameters");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        answer.send(ToCoordinator.newBuilder()
                .setCheckpointPart(CheckpointPart.newBuilder()
                        .setJob(open.getJob())
                        .setGeneration(open.getGeneration())
                        .setShard(open.getShard())
                        .setStep(open.getTotalSteps())
                        .setFolder(partial.toString())
                        .setFile(file)
                        .setBytes("parameters".length())));
    }

    private record Answer(ActorContext<?> context, String coordinator) {
        void send(ToCoordinator.Builder message) {
            ActorRef<ToCoordinator> ref = Membership.resolve(context.getSystem(), coordinator);
            ref.tell(message.setSender(Membership.toString(context.getSystem(), context.getSelf()))
                    .build());
        }
    }
}
