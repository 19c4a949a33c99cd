package dev.tutti.it.simulation;

import java.util.Arrays;

/** How far the job is, and what the steps that count have taken. */
final class Progress {
    private final Scenario scenario;
    private final VirtualTime time;
    private final Network network;
    /** Of each worker, batches that it has done. */
    private final long[] clocks;

    private Mark begin = Mark.NONE;
    private Mark end = Mark.NONE;
    private int batchesLeased;
    private long batchesDone;
    private long batchesAhead;

    private record Mark(long nanos, long payloadBytes) {
        private static final Mark NONE = new Mark(-1, 0);

        boolean isSet() {
            return nanos >= 0;
        }
    }

    Progress(Scenario scenario, VirtualTime time, Network network) {
        this.scenario = scenario;
        this.time = time;
        this.network = network;
        this.clocks = new long[scenario.workers()];
    }

    /** So many steps are complete. */
    void reach(long steps) {
        if (!begin.isSet() && steps >= scenario.warmUp()) {
            begin = mark();
        }
        if (!end.isSet() && steps >= scenario.warmUp() + scenario.steps()) {
            end = mark();
        }
    }

    private Mark mark() {
        return new Mark(time.now(), network.payloadBytes());
    }

    /** A worker begins a batch that nobody else gets. */
    int lease(int worker) {
        long slowest = Arrays.stream(clocks).min().orElseThrow();
        batchesAhead = Math.max(batchesAhead, clocks[worker] - slowest);
        return batchesLeased++;
    }

    /** All of a batch's gradients have left a worker. */
    void pushed(int worker) {
        clocks[worker]++;
    }

    /** A worker has the answers to its batch. */
    void batchDone() {
        batchesDone++;
        reach(batchesDone / scenario.workers());
    }

    boolean isOver() {
        return end.isSet();
    }

    double stepSeconds() {
        return VirtualTime.seconds(end.nanos - begin.nanos) / scenario.steps();
    }

    double stepPayloadBytes() {
        return (double) (end.payloadBytes - begin.payloadBytes) / scenario.steps();
    }

    long batchesAhead() {
        return batchesAhead;
    }
}
