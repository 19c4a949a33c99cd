package dev.tutti.node;

import dev.tutti.proto.launch.LaunchException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;

/** The actor system a node runs in, its way into the cluster and out of it. Thread-safe. */
sealed interface NodeSystem permits OwnSystem, SharedSystem {
    /**
     * That of the node whose cluster address is the first seed, if the configuration says so and that node is in this process; otherwise a
     * new one.
     *
     * @throws LaunchException 2: the cluster port is taken
     */
    static NodeSystem of(NodeConfig config) throws LaunchException {
        Optional<OwnSystem> host = config.cluster().shareActorSystem()
                ? config.cluster().seeds().stream().findFirst().flatMap(OwnSystem::at)
                : Optional.empty();
        return host.isPresent() ? new SharedSystem(host.get()) : new OwnSystem(config);
    }

    ActorSystem<?> typed();

    /** Starts an actor that lives as long as the node, or until it stops itself. */
    <T> ActorRef<T> spawn(Behavior<T> behavior, String name);

    /** host:port, as it stands in other nodes' seeds. */
    String address();

    boolean isMember();

    /** @param lost gets one sentence, perhaps more than once, when this node can be no member any more, also when it leaves by itself */
    void onLoss(Consumer<String> lost);

    /**
     * Returns once this node is a member.
     *
     * @throws LaunchException with exit code 4, naming the seeds, if it takes too long
     */
    void join() throws LaunchException;

    /** Nobody waits any longer for this node to become a member. */
    void giveUpJoining(Throwable cause);

    /**
     * Leaves in order if the others let it within the time given, and has the node's actors stopped in any case.
     *
     * @param patience zero: does not even try
     */
    void leave(Duration patience);
}
