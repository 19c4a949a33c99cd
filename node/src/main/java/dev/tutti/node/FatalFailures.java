package dev.tutti.node;

import java.util.function.Consumer;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.BehaviorInterceptor;
import org.apache.pekko.actor.typed.Signal;
import org.apache.pekko.actor.typed.TypedActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/** Tells a listener of whatever an actor throws, so that no actor dies unnoticed. */
final class FatalFailures<T> extends BehaviorInterceptor<T, T> {
    private final Consumer<Throwable> listener;

    private FatalFailures(Class<T> messages, Consumer<Throwable> listener) {
        super(messages);
        this.listener = listener;
    }

    static <T> Behavior<T> around(Behavior<T> behavior, Consumer<Throwable> listener) {
        @SuppressWarnings("unchecked") // every message is an Object, so every message is intercepted
        Class<T> messages = (Class<T>) Object.class;
        return Behaviors.intercept(() -> new FatalFailures<>(messages, listener), behavior);
    }

    @Override
    public Behavior<T> aroundStart(TypedActorContext<T> context, PreStartTarget<T> target) {
        try {
            return target.start(context);
        } catch (RuntimeException e) {
            listener.accept(e);
            throw e;
        }
    }

    @Override
    public Behavior<T> aroundReceive(TypedActorContext<T> context, T message, ReceiveTarget<T> target) {
        try {
            return target.apply(context, message);
        } catch (RuntimeException e) {
            listener.accept(e);
            throw e;
        }
    }

    @Override
    public Behavior<T> aroundSignal(TypedActorContext<T> context, Signal signal, SignalTarget<T> target) {
        try {
            return target.apply(context, signal);
        } catch (RuntimeException e) {
            listener.accept(e);
            throw e;
        }
    }
}
