package dev.tutti.parameterserver.shard;

import dev.tutti.proto.wire.ExchangeFrame;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.BiPredicate;
import java.util.function.Predicate;

/**
 * Gradients that cannot be taken in yet, in the buffers they came in. Their streams are not asked for more until they are, so there are at most as many of a stream
 * as are under way at once. Used by one of the shard's tasks at a time.
 */
final class EarlyPushes {
    private final Map<Integer, List<Early>> byChunk = new HashMap<>();

    private record Early(Subscription subscription, ExchangeFrame frame) {
        void done() {
            frame.close();
            subscription.stream().takeNext();
        }
    }

    /** From here on the frame is this object's. */
    void keep(Subscription subscription, ExchangeFrame push) {
        byChunk.computeIfAbsent(push.header().getPush().getChunk(), _ -> new ArrayList<>())
                .add(new Early(subscription, push));
    }

    /**
     * Something has changed for a chunk.
     *
     * @param taken offers a push again, and returns whether it is done with
     */
    void offerAgain(int chunk, BiPredicate<Subscription, ExchangeFrame> taken) {
        boolean changed = byChunk.containsKey(chunk);
        while (changed) {
            changed = false;
            for (Early early : List.copyOf(byChunk.getOrDefault(chunk, List.of()))) {
                if (taken.test(early.subscription, early.frame)) {
                    changed |= remove(chunk, early);
                }
            }
        }
    }

    /** Whoever is told to leave while it is offered has been removed already. */
    private boolean remove(int chunk, Early early) {
        boolean found = byChunk.getOrDefault(chunk, List.of()).remove(early);
        if (found) {
            early.done();
        }
        if (byChunk.getOrDefault(chunk, List.of()).isEmpty()) {
            byChunk.remove(chunk);
        }
        return found;
    }

    /** The stream has ended. */
    void forget(Subscription gone) {
        forgetIf(early -> early.subscription.equals(gone));
    }

    /** The generation has ended. */
    void forgetAll() {
        forgetIf(_ -> true);
    }

    private void forgetIf(Predicate<Early> condition) {
        for (Iterator<List<Early>> chunks = byChunk.values().iterator(); chunks.hasNext(); ) {
            List<Early> pushes = chunks.next();
            Collection<Early> forgotten = pushes.stream().filter(condition).toList();
            pushes.removeAll(forgotten);
            forgotten.forEach(Early::done);
            if (pushes.isEmpty()) {
                chunks.remove();
            }
        }
    }
}
