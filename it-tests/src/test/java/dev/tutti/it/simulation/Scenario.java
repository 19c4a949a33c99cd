package dev.tutti.it.simulation;

import dev.tutti.proto.job.ConsistencyModel;

/**
 * What is simulated.
 *
 * @param slices of a step, which workers share as the coordinator does it; at least as many as workers
 * @param warmUp steps (local: rounds; of leases: batches a worker) that do not count
 * @param steps that count
 */
record Scenario(
        Workload workload,
        ConsistencyModel consistency,
        int workers,
        int shards,
        int slices,
        Computers computers,
        Wire wire,
        int warmUp,
        int steps,
        long seed) {
    /**
     * What processes run on.
     *
     * @param jitter standard deviation of a pass' duration over its mean; it is log-normal, so that some take much longer
     * @param shardBytesPerSecond gradients that a shard's thread sums and applies
     * @param workerBytesPerSecond gradients that a worker's thread writes and parameters that it copies into place
     * @param cores that all processes share; {@link Cores#UNLIMITED}: everyone has its own
     */
    record Computers(double jitter, double shardBytesPerSecond, double workerBytesPerSecond, int cores) {
        static Computers ideal() {
            return new Computers(0, Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, Cores.UNLIMITED);
        }
    }

    /**
     * What lies between processes.
     *
     * @param bytesPerSecond of each process, each way
     * @param unreadBytes that a shard may have sent to a worker which is busy: see {@link SimulatedStream}
     */
    record Wire(double bytesPerSecond, double latencySeconds, long unreadBytes) {
        /** The product's. */
        private static final long UNREAD_BYTES = 8 << 20;

        static Wire ideal() {
            return new Wire(Double.POSITIVE_INFINITY, 0, UNREAD_BYTES);
        }

        static Wire of(double gigabitsPerSecond, double latencyMicros) {
            return new Wire(gigabitsPerSecond * 1e9 / Byte.SIZE, latencyMicros * 1e-6, UNREAD_BYTES);
        }

        Wire withUnreadBytes(long other) {
            return new Wire(bytesPerSecond, latencySeconds, other);
        }
    }

    /** A slice for each worker. */
    static Scenario of(Workload workload, ConsistencyModel consistency, int workers, int shards) {
        return new Scenario(workload, consistency, workers, shards, workers, Computers.ideal(), Wire.ideal(), 2, 6, 17);
    }

    Scenario with(Computers other) {
        return new Scenario(workload, consistency, workers, shards, slices, other, wire, warmUp, steps, seed);
    }

    Scenario with(Wire other) {
        return new Scenario(workload, consistency, workers, shards, slices, computers, other, warmUp, steps, seed);
    }

    Scenario withSlices(int count) {
        return new Scenario(workload, consistency, workers, shards, count, computers, wire, warmUp, steps, seed);
    }

    Scenario withSteps(int before, int counted) {
        return new Scenario(workload, consistency, workers, shards, slices, computers, wire, before, counted, seed);
    }

    Scenario withSeed(long other) {
        return new Scenario(workload, consistency, workers, shards, slices, computers, wire, warmUp, steps, other);
    }
}
