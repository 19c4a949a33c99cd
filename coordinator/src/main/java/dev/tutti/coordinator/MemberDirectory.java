package dev.tutti.coordinator;

import dev.tutti.proto.v1.Hello;
import dev.tutti.proto.v1.Role;
import dev.tutti.proto.v1.ToParameterServer;
import dev.tutti.proto.v1.ToWorker;
import dev.tutti.proto.v1.Welcome;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.pekko.actor.typed.ActorRef;

/** Which actor is which member, and how they are told things. Owned by the coordinator's actor. */
final class MemberDirectory {
    private final long epoch;
    private final String self;
    private final Set<ActorRef<?>> greeted = new HashSet<>();
    private final Map<ActorRef<?>, String> names = new HashMap<>();
    private final Map<String, ActorRef<ToWorker>> workers = new HashMap<>();
    private final Map<String, ActorRef<ToParameterServer>> servers = new HashMap<>();

    /** @param self the coordinator, as members are told to answer */
    MemberDirectory(long epoch, String self) {
        this.epoch = epoch;
        this.self = self;
    }

    /** Asks an actor who it is, once. @return whether it is new */
    boolean greetWorker(ActorRef<ToWorker> ref) {
        boolean isNew = greeted.add(ref);
        if (isNew) {
            tell(
                    ref,
                    ToWorker.newBuilder()
                            .setWelcome(Welcome.getDefaultInstance())
                            .build());
        }
        return isNew;
    }

    /** As {@link #greetWorker}. */
    boolean greetServer(ActorRef<ToParameterServer> ref) {
        boolean isNew = greeted.add(ref);
        if (isNew) {
            tell(
                    ref,
                    ToParameterServer.newBuilder()
                            .setWelcome(Welcome.getDefaultInstance())
                            .build());
        }
        return isNew;
    }

    /** @return whether the sender is an actor that was greeted and is still there */
    boolean introduced(Hello hello, ActorRef<?> sender) {
        if (!greeted.contains(sender)) {
            return false;
        }
        names.put(sender, hello.getMember());
        if (hello.getRole() == Role.ROLE_WORKER) {
            workers.put(hello.getMember(), sender.unsafeUpcast());
        } else {
            servers.put(hello.getMember(), sender.unsafeUpcast());
        }
        return true;
    }

    /** @return its name, if it had said it */
    Optional<String> gone(ActorRef<?> ref) {
        greeted.remove(ref);
        Optional<String> name = Optional.ofNullable(names.remove(ref));
        name.ifPresent(member -> {
            workers.remove(member);
            servers.remove(member);
        });
        return name;
    }

    void tellWorker(String worker, ToWorker message) {
        ActorRef<ToWorker> ref = workers.get(worker);
        if (ref != null) {
            tell(ref, message);
        }
    }

    void tellServer(String server, ToParameterServer message) {
        ActorRef<ToParameterServer> ref = servers.get(server);
        if (ref != null) {
            tell(ref, message);
        }
    }

    private void tell(ActorRef<ToWorker> ref, ToWorker message) {
        ref.tell(message.toBuilder().setEpoch(epoch).setCoordinator(self).build());
    }

    private void tell(ActorRef<ToParameterServer> ref, ToParameterServer message) {
        ref.tell(message.toBuilder().setEpoch(epoch).setCoordinator(self).build());
    }
}
