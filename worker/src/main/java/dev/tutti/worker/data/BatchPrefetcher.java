package dev.tutti.worker.data;

import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * Fills the next batch while the current one is trained on: two batches of memory, one thread of its own. Contents depend on the range
 * asked for alone, never on timing.
 *
 * <p>The training thread calls {@link #request}, {@link #take} and {@link #close}; nothing is allocated for a batch.
 */
public final class BatchPrefetcher implements AutoCloseable {
    private static final int BATCHES = 2;

    private final SampleOrder order;
    private final int maxRows;
    private final Arena arena = Arena.ofShared();
    private final Queue<Slot> free = new ArrayDeque<>(BATCHES);
    private final BlockingQueue<Slot> requested = new ArrayBlockingQueue<>(BATCHES);
    private final BlockingQueue<Slot> filled = new ArrayBlockingQueue<>(BATCHES);
    private final Thread filler;
    private @Nullable Slot taken;

    /** @param maxRows of any range that will be requested */
    public BatchPrefetcher(BatchLayout layout, SampleOrder order, int maxRows, String name) {
        this.order = order;
        this.maxRows = maxRows;
        for (int i = 0; i < BATCHES; i++) {
            free.add(new Slot(new Batch(layout, maxRows, arena)));
        }
        this.filler = Thread.ofPlatform().name(name).daemon().start(this::fillRequested);
    }

    /** Asks for a batch; {@link #take} gives them in this order. At most one may be outstanding beside the one taken. */
    public void request(BatchRange range) {
        if (range.rows() > maxRows) {
            throw new IllegalArgumentException("expected at most " + maxRows + " rows, got " + range);
        }
        Slot slot = free.poll();
        if (slot == null) {
            throw new IllegalStateException("expected fewer than " + BATCHES + " batches to be requested or taken");
        }
        slot.range = range;
        requested.add(slot);
    }

    /**
     * Waits for the batch requested first; the one taken before is given back.
     *
     * @throws IllegalStateException if reading it failed
     */
    public Batch take() throws InterruptedException {
        recycle();
        Slot slot = filled.take();
        taken = slot;
        RuntimeException failure = slot.failure;
        if (failure != null) {
            slot.failure = null;
            throw new IllegalStateException("samples could not be read for " + slot.range, failure);
        }
        return slot.batch;
    }

    /** Gives the batch taken back, so that another can be requested before the next {@link #take}. */
    private void recycle() {
        if (taken != null) {
            free.add(taken);
            taken = null;
        }
    }

    @Override
    public void close() {
        filler.interrupt();
        boolean interrupted = false;
        while (filler.isAlive()) {
            try {
                filler.join();
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        arena.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void fillRequested() {
        try {
            while (true) {
                Slot slot = requested.take();
                try {
                    slot.batch.fill(slot.range, order);
                } catch (RuntimeException e) {
                    slot.failure = e;
                }
                filled.put(slot);
            }
        } catch (InterruptedException _) {
            // Closed: what is filled or requested is not wanted any more.
        }
    }

    /** Handed from thread to thread through the queues, which order its fields. */
    private static final class Slot {
        final Batch batch;
        BatchRange range = new BatchRange(0, 0, 0);

        @Nullable
        RuntimeException failure;

        Slot(Batch batch) {
            this.batch = batch;
        }
    }
}
