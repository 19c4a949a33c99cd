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
            try {
                thread.execute(this::runAll);
            } catch (RejectedExecutionException _) {
                // The thread has ended with the process' role: what is left still has to be closed.
                runAll();
            }
        }
    }

    /** Runs a task, and what comes after it, on the calling thread; leaves it to whoever runs tasks now, if anybody does. */
    void executeHere(Runnable task) {
        if (add(task)) {
            runAll();
        }
    }

    /** Returns whether nobody runs tasks. */
    private boolean add(Runnable task) {
        tasks.add(task);
        return pending.getAndIncrement() == 0;
    }

    private void runAll() {
        do {
            tasks.remove().run();
        } while (pending.decrementAndGet() > 0);
    }
}
