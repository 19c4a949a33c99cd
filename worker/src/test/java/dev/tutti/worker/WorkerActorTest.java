package dev.tutti.worker;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.tutti.node.Membership;
import dev.tutti.proto.v1.EndJob;
import dev.tutti.proto.v1.EndMode;
import dev.tutti.proto.v1.InspectJob;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Role;
import dev.tutti.proto.v1.ToCoordinator;
import dev.tutti.proto.v1.ToWorker;
import dev.tutti.proto.v1.Welcome;
import dev.tutti.tensor.backend.Backends;
import dev.tutti.worker.data.DataShelf;
import dev.tutti.worker.data.MnistDownload;
import dev.tutti.worker.metrics.WorkerMetrics;
import dev.tutti.worker.training.GenerationRun.Surroundings;
import dev.tutti.worker.training.JobData;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class WorkerActorTest {
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final BlockingQueue<ToCoordinator> received = new LinkedBlockingQueue<>();
    private final ActorSystem classic = ActorSystem.create(
            "worker-test",
            ConfigFactory.parseString("pekko.actor.provider = local, pekko.stdout-loglevel = off")
                    .withFallback(ConfigFactory.defaultReference()));
    private final org.apache.pekko.actor.typed.ActorSystem<Void> system = Adapter.toTyped(classic);
    private final WorkerDuties duties = new WorkerDuties(
            "worker-7",
            new Surroundings(
                    Backends.select("reference", 1),
                    new JobData(Path.of("nowhere"), new MnistDownload(List.of()), new DataShelf()),
                    new WorkerMetrics(meters),
                    System::nanoTime,
                    error -> {
                        throw new AssertionError(error);
                    }));
    private final ActorRef<ToCoordinator> coordinator = spawn();
    private final ActorRef<ToWorker> worker =
            Adapter.spawn(classic, WorkerActor.behavior(duties, coordinator), "worker");

    private ActorRef<ToCoordinator> spawn() {
        return Adapter.spawn(
                classic,
                Behaviors.receiveMessage((ToCoordinator message) -> {
                    received.add(message);
                    return Behaviors.same();
                }),
                "coordinator");
    }

    @BeforeEach
    void greet() throws InterruptedException {
        worker.tell(message(5).setWelcome(Welcome.getDefaultInstance()).build());
        ToCoordinator hello = received.take();
        assertThat(hello.getHello().getMember()).isEqualTo("worker-7");
        assertThat(hello.getHello().getRole()).isEqualTo(Role.ROLE_WORKER);
        assertThat(hello.getHello().getNumerics()).contains("reference");
        assertThat(Membership.<ToWorker>resolve(system, hello.getSender())).isEqualTo(worker);
    }

    @AfterEach
    void end() {
        system.terminate();
        system.getWhenTerminated().toCompletableFuture().join();
        duties.close();
    }

    @Test
    void messagesOfAnOlderCoordinatorAreDroppedAndCounted() throws InterruptedException {
        worker.tell(message(4).setWelcome(Welcome.getDefaultInstance()).build());
        worker.tell(message(6).setWelcome(Welcome.getDefaultInstance()).build());

        assertThat(received.take().hasHello()).isTrue();
        assertThat(received).isEmpty();
        assertThat(meters.counter("tutti.worker.stale.messages").count()).isEqualTo(1);
    }

    @Test
    void aJobIsInspectedAndTheAnswerGoesToWhoeverAsked() throws InterruptedException {
        JobSpec.Builder spec = JobSpec.newBuilder();
        spec.getModelBuilder().setPreset("mlp").addHidden(4);
        spec.getDataBuilder().getSourceBuilder().getDigitsBuilder().setTrain(50).setTest(10);
        spec.getTrainingBuilder().setEpochs(1).setBatch(60);
        worker.tell(message(5)
                .setInspect(InspectJob.newBuilder().setJob("job-1").setSpec(spec))
                .build());
        assertThat(received.take().getInspected().getError()).contains("50 training samples", "got 60");

        spec.getTrainingBuilder().setBatch(50);
        worker.tell(message(5)
                .setInspect(InspectJob.newBuilder().setJob("job-2").setSpec(spec))
                .build());
        ToCoordinator inspected = received.take();
        assertThat(inspected.getInspected().getJob()).isEqualTo("job-2");
        assertThat(inspected.getInspected().getFacts().getTrainSamples()).isEqualTo(50);
    }

    @Test
    void endingAJobThatDoesNotRunHereChangesNothing() throws InterruptedException {
        worker.tell(message(5)
                .setEnd(EndJob.newBuilder().setJob("other").setMode(EndMode.END_MODE_RELEASE))
                .build());
        worker.tell(message(5).setWelcome(Welcome.getDefaultInstance()).build());

        assertThat(received.take().hasHello()).isTrue();
    }

    private ToWorker.Builder message(long epoch) {
        return ToWorker.newBuilder().setEpoch(epoch).setCoordinator(Membership.toString(system, coordinator));
    }
}
