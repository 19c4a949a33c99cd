package dev.tutti.benchmarks.exchange;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/** Workers that do the same at the same time, each on a thread of its own, always the same. */
final class Crew implements AutoCloseable {
    /** What one of them does. */
    @FunctionalInterface
    interface Work {
        void run(int worker) throws Exception;
    }

    private final List<ExecutorService> threads;

    Crew(int workers, String name) {
        this.threads = IntStream.range(0, workers)
                .mapToObj(worker -> Executors.newSingleThreadExecutor(
                        Thread.ofPlatform().daemon().name(name + "-" + worker).factory()))
                .toList();
    }

    /** Returns when all have done it; the first failure is thrown. */
    void all(Work work) throws Exception {
        List<Future<?>> under = new ArrayList<>();
        for (int worker = 0; worker < threads.size(); worker++) {
            int number = worker;
            under.add(threads.get(worker).submit(() -> {
                work.run(number);
                return null;
            }));
        }
        for (Future<?> future : under) {
            try {
                future.get();
            } catch (ExecutionException e) {
                if (e.getCause() instanceof Exception cause) {
                    throw cause;
                }
                throw e;
            }
        }
    }

    @Override
    public void close() {
        threads.forEach(ExecutorService::shutdownNow);
    }
}
