package dev.tutti.parameterserver;

import dev.tutti.node.Membership;
import dev.tutti.proto.v1.ToCoordinator;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;

/** The coordinator this process has heard of last: what is told to it goes to the newest one. Thread-safe. */
final class CoordinatorLink {
    private final ActorSystem<?> system;
    private final AtomicReference<Heard> heard = new AtomicReference<>();

    private record Heard(long epoch, String address, ActorRef<ToCoordinator> ref) {}

    CoordinatorLink(ActorSystem<?> system) {
        this.system = system;
    }

    /** @return whether the epoch is the newest so far; an older coordinator must not be obeyed */
    boolean accept(long epoch, String address) {
        Heard last = heard.get();
        if (last != null && Long.compareUnsigned(epoch, last.epoch) < 0) {
            return false;
        }
        if (last == null || last.epoch != epoch || !last.address.equals(address)) {
            heard.set(new Heard(epoch, address, Membership.resolve(system, address)));
        }
        return true;
    }

    /** The newest epoch heard of; 0 before the first. */
    long epoch() {
        Heard last = heard.get();
        return last == null ? 0 : last.epoch;
    }

    void tell(ToCoordinator message) {
        Heard last = heard.get();
        if (last != null) {
            last.ref.tell(message);
        }
    }
}
