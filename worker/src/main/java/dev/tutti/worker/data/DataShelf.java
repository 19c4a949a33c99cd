package dev.tutti.worker.data;

import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the data of the job that was opened last, so that planning a job and all its generations read it once. One job's data is read at a
 * time; {@link #forget} does not wait for that. Thread-safe.
 */
public final class DataShelf {
    /** Enough for every job that could still be planned or waited for here when it ended. */
    private static final int REMEMBERED = 1_000;

    /** Held while reading or downloading. Taken before {@code lock}. */
    private final Lock reading = new ReentrantLock();
    /** Held for a moment: guards the fields below. */
    private final Lock lock = new ReentrantLock();

    private @Nullable Item item;
    /** Jobs that are over, the newest last: what is still read for one is not kept. */
    private final Set<String> forgotten = new LinkedHashSet<>();

    private record Item(String job, SampleSource source, PixelScale scale, DataPair data) {
        boolean isFor(String wanted, SampleSource wantedSource, PixelScale wantedScale) {
            return job.equals(wanted) && source.equals(wantedSource) && scale.equals(wantedScale);
        }
    }

    /** The job's data, opened unless it is at hand. Another job's data is forgotten: its files may have changed meanwhile. */
    public DataPair open(String job, SampleSource source, PixelScale scale) throws DataException, InterruptedException {
        reading.lockInterruptibly();
        try {
            Item kept = keepOnly(job, source, scale);
            if (kept != null) {
                return kept.data;
            }
            DataPair data = source.open(scale);
            keep(new Item(job, source, scale, data));
            return data;
        } finally {
            reading.unlock();
        }
    }

    /** The job is over. Returns at once. */
    public void forget(String job) {
        lock.lock();
        try {
            if (item != null && item.job.equals(job)) {
                item = null;
            }
            forgotten.remove(job);
            forgotten.add(job);
            if (forgotten.size() > REMEMBERED) {
                forgotten.remove(forgotten.iterator().next());
            }
        } finally {
            lock.unlock();
        }
    }

    private @Nullable Item keepOnly(String job, SampleSource source, PixelScale scale) {
        lock.lock();
        try {
            if (item != null && !item.isFor(job, source, scale)) {
                item = null;
            }
            return item;
        } finally {
            lock.unlock();
        }
    }

    private void keep(Item opened) {
        lock.lock();
        try {
            if (!forgotten.contains(opened.job)) {
                item = opened;
            }
        } finally {
            lock.unlock();
        }
    }
}
