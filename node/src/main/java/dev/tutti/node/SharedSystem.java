package dev.tutti.node;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;

/** A place in the actor system of another node of this process: no heartbeats, no gossip, and nobody to be cut off from. */
final class SharedSystem implements NodeSystem {
    /** Two nodes may give their actors the same name. */
    private static final AtomicInteger GUESTS = new AtomicInteger();

    private final OwnSystem host;
    private final int guest = GUESTS.incrementAndGet();
    private final List<ActorRef<?>> actors = new ArrayList<>();
    private volatile Optional<Consumer<String>> listener = Optional.empty();

    SharedSystem(OwnSystem host) {
        this.host = host;
    }

    @Override
    public ActorSystem<?> typed() {
        return host.typed();
    }

    @Override
    public <T> ActorRef<T> spawn(Behavior<T> behavior, String name) {
        ActorRef<T> actor = host.spawn(behavior, name + "-" + guest);
        synchronized (actors) {
            actors.add(actor);
        }
        return actor;
    }

    @Override
    public String address() {
        return host.address();
    }

    @Override
    public boolean isMember() {
        return host.isMember();
    }

    @Override
    public void onLoss(Consumer<String> lost) {
        host.addGuest(lost);
        listener = Optional.of(lost);
    }

    /** The host is a member before anybody knows its address. */
    @Override
    public void join() {}

    @Override
    public void giveUpJoining(Throwable cause) {}

    /** The actors stop after the message at hand, whatever the patience. */
    @Override
    public void leave(Duration patience) {
        listener.ifPresent(host::removeGuest);
        synchronized (actors) {
            actors.forEach(host::stop);
        }
    }
}
