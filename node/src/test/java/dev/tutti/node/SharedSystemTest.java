package dev.tutti.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tutti.node.TestNodes.OnJoin;
import dev.tutti.proto.v1.Role;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedSystemTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @TempDir
    Path folder;

    private TestNodes nodes;
    private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();

    @BeforeEach
    void create() {
        nodes = new TestNodes(folder);
    }

    @AfterEach
    void close() {
        nodes.close();
    }

    @Test
    void usesTheSystemOfItsSeed() throws Exception {
        Node coordinator = nodes.coordinator();
        Node worker = guest(coordinator);

        assertThat(worker.clusterAddress()).isEqualTo(coordinator.clusterAddress());
        assertThat(worker.managementUrl()).isNotEqualTo(coordinator.managementUrl());
        assertThat(worker.member()).startsWith("worker-");
    }

    @Test
    void hasASystemOfItsOwnIfTheSeedsIsInAnotherProcessOrNobodyAsked() throws Exception {
        Node coordinator = nodes.coordinator();
        Node asksNot = nodes.worker(coordinator);

        assertThat(asksNot.clusterAddress()).isNotEqualTo(coordinator.clusterAddress());
        assertThat(NodeSystem.of(nodes.config(
                        Role.ROLE_WORKER,
                        Map.of("tutti.cluster.seeds", "127.0.0.1:1", "tutti.cluster.share-actor-system", "true"))))
                .isInstanceOfSatisfying(OwnSystem.class, own -> own.leave(Duration.ZERO));
    }

    @Test
    void actorsOfTheSameNameEndWithTheirOwnNode() throws Exception {
        Node coordinator = nodes.coordinator();
        Node first = guest(coordinator);
        Node second = guest(coordinator);
        assertThat(List.of(next(), next()))
                .containsExactlyInAnyOrder("started " + first.member(), "started " + second.member());

        first.close();

        assertThat(next()).isEqualTo("stopped " + first.member());
        assertThat(coordinator.ended()).isNotDone();
        assertThat(second.ended()).isNotDone();
        second.close();
        assertThat(next()).isEqualTo("stopped " + second.member());
    }

    @Test
    void isLostWithItsHost() throws Exception {
        Node coordinator = nodes.coordinator();
        Node worker = guest(coordinator);

        coordinator.close();

        CompletableFuture<Void> ended = worker.ended();
        assertThatThrownBy(() -> ended.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasMessageContaining("the actor system of coordinator-")
                .hasMessageContaining("which it used, has ended");
    }

    private Node guest(Node host) throws Exception {
        return nodes.start(
                Role.ROLE_WORKER,
                Map.of("tutti.cluster.seeds", host.clusterAddress(), "tutti.cluster.share-actor-system", "true"),
                OnJoin.of(context -> {
                    ActorRef<String> _ = context.spawn(listening(context.member()), "worker");
                }));
    }

    private Behavior<String> listening(String member) {
        return Behaviors.setup(_ -> {
            heard.add("started " + member);
            return Behaviors.receive(String.class)
                    .onSignal(PostStop.class, _ -> {
                        heard.add("stopped " + member);
                        return Behaviors.same();
                    })
                    .build();
        });
    }

    private String next() throws InterruptedException {
        return String.valueOf(heard.poll(PATIENCE.toMillis(), TimeUnit.MILLISECONDS));
    }
}
