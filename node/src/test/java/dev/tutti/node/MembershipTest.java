package dev.tutti.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.Hello;
import dev.tutti.proto.v1.Role;
import dev.tutti.proto.v1.ToCoordinator;
import dev.tutti.proto.v1.ToWorker;
import dev.tutti.proto.v1.Welcome;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MembershipTest {
    @TempDir
    Path folder;

    @Test
    void coordinatorFindsWorkerAndWorkerAnswersThroughTheReferenceInTheMessage() throws Exception {
        CompletableFuture<ToCoordinator> answer = new CompletableFuture<>();
        try (TestNodes nodes = new TestNodes(folder)) {
            Node coordinator = nodes.start(
                    Role.ROLE_COORDINATOR,
                    Map.of(),
                    TestNodes.OnJoin.of(context -> Membership.startCoordinator(context.system(), welcoming(answer))));
            Node worker = nodes.start(
                    Role.ROLE_WORKER,
                    Map.of("tutti.cluster.seeds", coordinator.clusterAddress()),
                    TestNodes.OnJoin.of(context -> {
                        ActorRef<ToWorker> self = context.spawn(greeting(context), "worker");
                        context.system().receptionist().tell(Receptionist.register(Membership.WORKERS, self));
                    }));

            ToCoordinator hello = answer.get(20, TimeUnit.SECONDS);

            assertThat(hello.getHello().getMember()).isEqualTo(worker.member());
            assertThat(hello.getSender()).contains(worker.clusterAddress());
        }
    }

    @Test
    void anyNodeReachesTheCoordinatorThroughItsProxy() throws Exception {
        CompletableFuture<ToCoordinator> received = new CompletableFuture<>();
        try (TestNodes nodes = new TestNodes(folder)) {
            Node coordinator = nodes.start(
                    Role.ROLE_COORDINATOR,
                    Map.of(),
                    TestNodes.OnJoin.of(context ->
                            Membership.startCoordinator(context.system(), Behaviors.receiveMessage(message -> {
                                received.complete(message);
                                return Behaviors.same();
                            }))));
            ToCoordinator sent =
                    ToCoordinator.newBuilder().setSender("somebody").build();
            nodes.start(
                    Role.ROLE_PARAMETER_SERVER,
                    Map.of("tutti.cluster.seeds", coordinator.clusterAddress()),
                    TestNodes.OnJoin.of(
                            context -> Membership.coordinator(context.system()).tell(sent)));

            assertThat(received.get(20, TimeUnit.SECONDS)).isEqualTo(sent);
        }
    }

    private static Behavior<ToCoordinator> welcoming(CompletableFuture<ToCoordinator> answer) {
        return Behaviors.setup(context -> {
            String self = Membership.toString(context.getSystem(), context.getSelf());
            ActorRef<Receptionist.Listing> listings = context.spawn(
                    Behaviors.receiveMessage(listing -> {
                        for (ActorRef<ToWorker> worker : listing.getServiceInstances(Membership.WORKERS)) {
                            worker.tell(ToWorker.newBuilder()
                                    .setCoordinator(self)
                                    .setWelcome(Welcome.getDefaultInstance())
                                    .build());
                        }
                        return Behaviors.same();
                    }),
                    "listings");
            context.getSystem().receptionist().tell(Receptionist.subscribe(Membership.WORKERS, listings));
            return Behaviors.receiveMessage(message -> {
                answer.complete(message);
                return Behaviors.same();
            });
        });
    }

    private static Behavior<ToWorker> greeting(NodeContext node) {
        return Behaviors.receive((context, message) -> {
            ActorRef<ToCoordinator> coordinator = Membership.resolve(node.system(), message.getCoordinator());
            coordinator.tell(ToCoordinator.newBuilder()
                    .setSender(Membership.toString(node.system(), context.getSelf()))
                    .setHello(Hello.newBuilder().setMember(node.member()).setRole(Role.ROLE_WORKER))
                    .build());
            return Behaviors.same();
        });
    }
}
