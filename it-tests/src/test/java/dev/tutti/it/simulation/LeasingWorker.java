package dev.tutti.it.simulation;

import dev.tutti.it.simulation.Placement.Chunk;
import dev.tutti.proto.job.ConsistencyModel;
import dev.tutti.proto.v1.Clock;

/** Does batches by itself, and goes on with the parameters that come back. Its lease never ends, and asking for it takes no time. */
final class LeasingWorker extends SimulatedWorker {
    private final boolean hasClock;
    private int answersDue;
    private long clock;

    LeasingWorker(Cluster cluster, int number) {
        super(cluster, number);
        this.hasClock = scenario().consistency() instanceof ConsistencyModel.BoundedStaleness;
    }

    @Override
    void start() {
        super.start();
        answersDue = cluster().placement().chunks().size();
        for (int shard = 0; shard < cluster().shards().size(); shard++) {
            tell(shard, Frames.pull(shard));
            if (hasClock) {
                answersDue++;
                tell(shard, Frames.enter(shard));
            }
        }
    }

    @Override
    void entered(Clock answer) {
        if (answer.getClock() != 0) {
            throw new IllegalStateException("All begin at once, expected clock 0, got " + answer);
        }
        answered();
    }

    @Override
    void taken(Chunk chunk, long before) {
        answered();
    }

    private void answered() {
        answersDue--;
        if (answersDue == 0) {
            if (clock > 0) {
                cluster().progress().batchDone();
            }
            batch();
        }
    }

    private void batch() {
        int batch = cluster().progress().lease(number());
        clock++;
        pass(chunk -> {
            answersDue++;
            push(chunk, Frames.push(chunk, batch, version(chunk), clock), 1);
        });
        afterwards(() -> cluster().progress().pushed(number()));
    }

    @Override
    double expectedUpdates(long version) {
        return version;
    }
}
