package dev.tutti.node.sharedmemory;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Within one process. */
final class LocalDoorbell implements Doorbell {
    private final AtomicInteger rings = new AtomicInteger();
    private volatile @Nullable Thread waiter;

    @Override
    public void ring() {
        rings.getAndIncrement();
        Thread sleeper = waiter;
        if (sleeper != null) {
            LockSupport.unpark(sleeper);
        }
    }

    @Override
    public int rings() {
        return rings.get();
    }

    @Override
    public void await(int seen, long nanos) throws InterruptedException {
        waiter = Thread.currentThread();
        if (rings.get() == seen) {
            LockSupport.parkNanos(this, nanos);
        }
        waiter = null;
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
    }
}
