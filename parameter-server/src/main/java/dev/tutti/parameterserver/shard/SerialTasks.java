package dev.tutti.parameterserver.shard;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Tasks that run one at a time, in the order in which they came, and see what those before them have done: on a thread of their own, or on that of a caller who has nothing better to
 * do than to run them, which saves waking another. Thread-safe.
 */
final class SerialTasks {
    /** What a caller runs of others' tasks: it has something of its own to come back to. */
    private static final int MOST_HERE = 16;

    private final Executor thread;
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    /** That have not ended. */
    private final AtomicInteger pending = new AtomicInteger();

    /** @param thread where tasks run that no caller runs */
    SerialTasks(Executor thread) {
        this.thread = thread;
    }

    /** Leaves a task to the thread, or to whoever runs tasks now. */
    void execute(Runnable task) {
        if (add(task)) {
            leaveToThread();
        }
    }

    /** Runs a task, and some that come after it, on the calling thread; leaves it to whoever runs tasks now, if anybody does. */
    void executeHere(Runnable task) {
        if (add(task) && run(MOST_HERE)) {
            leaveToThread();
        }
    }

    /** Returns whether nobody runs tasks. */
    private boolean add(Runnable task) {
        tasks.add(task);
        return pending.getAndIncrement() == 0;
    }

    private void leaveToThread() {
        try {
            thread.execute(this::runAll);
        } catch (RejectedExecutionException _) {
            // The thread has ended with the process' role: what is left still has to be closed.
            runAll();
        }
    }

    private void runAll() {
        while (run(MOST_HERE)) {
            // There are more.
        }
    }

    /** Returns whether some are left. */
    private boolean run(int most) {
        for (int i = 0; i < most; i++) {
            boolean last;
            try {
                tasks.remove().run();
            } finally {
                last = pending.decrementAndGet() == 0;
            }
            if (last) {
                return false;
            }
        }
        return true;
    }
}
