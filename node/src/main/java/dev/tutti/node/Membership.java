package dev.tutti.node;

import dev.tutti.proto.v1.ToCoordinator;
import dev.tutti.proto.v1.ToParameterServer;
import dev.tutti.proto.v1.ToWorker;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorRefResolver;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.receptionist.ServiceKey;
import org.apache.pekko.cluster.typed.ClusterSingleton;
import org.apache.pekko.cluster.typed.ClusterSingletonSettings;
import org.apache.pekko.cluster.typed.SingletonActor;

/** How the actors of a cluster find each other. Roles are those of {@link RoleNames}. */
public final class Membership {
    /** Under which workers register with the receptionist. */
    public static final ServiceKey<ToWorker> WORKERS = ServiceKey.create(ToWorker.class, "workers");
    /** Under which parameter servers register with the receptionist. */
    public static final ServiceKey<ToParameterServer> PARAMETER_SERVERS =
            ServiceKey.create(ToParameterServer.class, "parameter-servers");

    private static final String SINGLETON = "coordinator";

    private Membership() {}

    /**
     * The cluster's one coordinator, from any node; messages wait while there is none (a thousand at most, oldest dropped).
     * On a coordinator's node {@link #startCoordinator} must have run before.
     */
    public static ActorRef<ToCoordinator> coordinator(ActorSystem<?> system) {
        return singleton(system, Behaviors.setup(_ -> {
            throw new IllegalStateException("startCoordinator must run before the coordinator is used on its own node");
        }));
    }

    /** Runs the coordinator on the oldest node of that role, and keeps this node ready to take over. Answers like {@link #coordinator}. */
    public static ActorRef<ToCoordinator> startCoordinator(ActorSystem<?> system, Behavior<ToCoordinator> singleton) {
        return singleton(system, singleton);
    }

    private static ActorRef<ToCoordinator> singleton(ActorSystem<?> system, Behavior<ToCoordinator> behavior) {
        ClusterSingletonSettings settings =
                ClusterSingletonSettings.create(system).withRole(RoleNames.COORDINATOR);
        return ClusterSingleton.get(system)
                .init(SingletonActor.of(behavior, SINGLETON).withSettings(settings));
    }

    /** A reference as it stands in messages; any node can {@link #resolve} it. */
    public static String toString(ActorSystem<?> system, ActorRef<?> ref) {
        return ActorRefResolver.get(system).toSerializationFormat(ref);
    }

    /** The actor behind a string; messages to one that no longer exists are dropped. */
    public static <T> ActorRef<T> resolve(ActorSystem<?> system, String ref) {
        return ActorRefResolver.get(system).resolveActorRef(ref);
    }
}
