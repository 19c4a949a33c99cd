package dev.tutti.it.simulation;

import java.util.ArrayDeque;
import java.util.Deque;

/** Does one thing after the other, in the order given: a shard's owning thread, or a worker's training thread. */
final class SimulatedThread {
    private final Cores cores;
    private final Deque<Task> tasks = new ArrayDeque<>();
    private boolean busy;

    private record Task(long nanos, Runnable action) {}

    SimulatedThread(Cores cores) {
        this.cores = cores;
    }

    /** @param action what has come of it once so much time is spent on it */
    void execute(long nanos, Runnable action) {
        tasks.add(new Task(nanos, action));
        if (!busy) {
            next();
        }
    }

    private void next() {
        busy = true;
        for (Task task = tasks.poll(); task != null; task = tasks.poll()) {
            if (task.nanos > 0) {
                Runnable action = task.action;
                cores.occupy(task.nanos, () -> {
                    action.run();
                    next();
                });
                return;
            }
            task.action.run();
        }
        busy = false;
    }
}
