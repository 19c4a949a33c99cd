package dev.tutti.parameterserver.shard;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

class SerialTasksTest {
    private static final int CALLERS = 6;
    private static final int TASKS = 20_000;

    /** The counters are plain fields: two tasks at once, or one that does not see what the last one did, would lose a count. */
    @Test
    void tasksOfManyThreadsRunOneAtATimeAndEachThreadsInItsOrder() throws InterruptedException {
        List<List<Integer>> done = new ArrayList<>();
        int[] count = {0};
        try (ExecutorService thread = Executors.newSingleThreadExecutor()) {
            SerialTasks tasks = new SerialTasks(thread);
            List<Thread> callers = new ArrayList<>();
            for (int caller = 0; caller < CALLERS; caller++) {
                List<Integer> own = new ArrayList<>();
                done.add(own);
                boolean here = caller % 2 == 0;
                callers.add(Thread.ofPlatform().start(() -> {
                    for (int i = 0; i < TASKS; i++) {
                        int number = i;
                        Runnable task = () -> {
                            own.add(number);
                            count[0]++;
                        };
                        if (here) {
                            tasks.executeHere(task);
                        } else {
                            tasks.execute(task);
                        }
                    }
                }));
            }
            for (Thread caller : callers) {
                caller.join();
            }
        }
        assertThat(count[0]).isEqualTo(CALLERS * TASKS);
        assertThat(done).allSatisfy(own -> assertThat(own).isSorted().hasSize(TASKS));
    }

    @Test
    void whoHasNothingBetterToDoRunsItsTaskItself() {
        SerialTasks tasks = new SerialTasks(task -> {
            throw new AssertionError("nobody is to be woken");
        });
        List<Thread> ran = new ArrayList<>();
        tasks.executeHere(() -> {
            ran.add(Thread.currentThread());
            tasks.executeHere(() -> ran.add(Thread.currentThread()));
            assertThat(ran).as("one at a time").hasSize(1);
        });
        assertThat(ran).containsExactly(Thread.currentThread(), Thread.currentThread());
    }

    @Test
    void nobodyRunsOthersTasksForEver() {
        List<Runnable> left = new ArrayList<>();
        SerialTasks tasks = new SerialTasks(left::add);
        int[] run = {0};
        Runnable[] again = new Runnable[1];
        again[0] = () -> {
            run[0]++;
            if (run[0] < 1000) {
                tasks.executeHere(again[0]);
            }
        };
        tasks.executeHere(again[0]);
        assertThat(run[0]).isBetween(1, 100);
        left.removeFirst().run();
        assertThat(run[0]).isEqualTo(1000);
        assertThat(left).isEmpty();
    }

    @Test
    void whenTheThreadHasEndedTheRestIsStillDone() {
        ExecutorService thread = Executors.newSingleThreadExecutor();
        thread.close();
        List<String> done = new ArrayList<>();
        new SerialTasks(thread).execute(() -> done.add("closed"));
        assertThat(done).containsExactly("closed");
    }
}
