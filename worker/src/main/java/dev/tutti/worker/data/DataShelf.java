package dev.tutti.worker.data;

import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the data of the job that was opened last, so that planning a job and all its generations read it once. One at a time; thread-safe.
 */
public final class DataShelf {
    private final Lock lock = new ReentrantLock();
    private @Nullable Item item;

    private record Item(String job, SampleSource source, PixelScale scale, DataPair data) {}

    /** The job's data, opened unless it is at hand. Another job's data is forgotten: its files may have changed meanwhile. */
    public DataPair open(String job, SampleSource source, PixelScale scale) throws DataException, InterruptedException {
        lock.lockInterruptibly();
        try {
            Item kept = item;
            if (kept != null && kept.job.equals(job) && kept.source.equals(source) && kept.scale.equals(scale)) {
                return kept.data;
            }
            item = null;
            DataPair data = source.open(scale);
            item = new Item(job, source, scale, data);
            return data;
        } finally {
            lock.unlock();
        }
    }

    /** The job is over. */
    public void forget(String job) {
        lock.lock();
        try {
            if (item != null && item.job.equals(job)) {
                item = null;
            }
        } finally {
            lock.unlock();
        }
    }
}
