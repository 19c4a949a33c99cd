package dev.tutti.coordinator.journal;

import dev.tutti.coordinator.job.Event;
import java.util.List;
import java.util.function.Consumer;

/**
 * The memory of a cluster's coordinators. Whoever takes an epoch is the only one who may append until somebody takes the next.
 *
 * <p>Every call may wait for a disk or a server. Thread-safe.
 */
public interface JobJournal extends AutoCloseable {
    /** Makes the caller the coordinator: an epoch nobody has had. The one before it can append no more. */
    long takeEpoch();

    /** Every event there is, oldest first. */
    void replay(Consumer<Event> reader);

    /**
     * All or none of them, durable on return.
     *
     * @throws FencedException if another coordinator has taken a later epoch
     */
    void append(long epoch, List<Event> events);

    @Override
    void close();
}
