package dev.tutti.it.simulation;

import dev.tutti.it.simulation.Placement.Chunk;
import dev.tutti.proto.job.ConsistencyModel;
import dev.tutti.proto.v1.Clock;
import dev.tutti.proto.v1.Contribution;
import dev.tutti.proto.wire.SliceTree;
import java.util.Optional;
import java.util.function.Consumer;

/** Does every step, or round, with all others: its slices of it. With backup workers it goes on with the newest step there is. */
final class SteppingWorker extends SimulatedWorker {
    private final SliceTree tree;
    private final SliceRange run;
    private final int localSteps;
    private final Contribution contribution;
    private long awaited;
    private int chunksMissing;

    SteppingWorker(Cluster cluster, int number) {
        super(cluster, number);
        int slices = scenario().slices();
        this.tree = new SliceTree(slices);
        this.run = SliceRange.of(number, scenario().workers(), slices);
        this.localSteps = scenario().consistency() instanceof ConsistencyModel.Local local ? local.steps() : 0;
        this.contribution = scenario().consistency() instanceof ConsistencyModel.Synchronous(var backups) && backups > 0
                ? Contribution.newBuilder()
                        .setSliceBegin(run.begin())
                        .setSliceEnd(run.end())
                        .setWorkers(scenario().workers())
                        .setStepRows(slices)
                        .build()
                : Contribution.getDefaultInstance();
    }

    @Override
    void start() {
        await(0);
        super.start();
    }

    private void await(long version) {
        awaited = version;
        chunksMissing = chunksBelow(version);
    }

    @Override
    void taken(Chunk chunk, long before) {
        if (before < awaited && version(chunk) >= awaited) {
            chunksMissing--;
            if (chunksMissing == 0) {
                afterwards(this::stepComplete);
            }
        }
    }

    /** Whoever has brought a chunk to a version brings all to it. */
    private void stepComplete() {
        await(newestVersion());
        if (chunksMissing == 0) {
            cluster().progress().reach(awaited);
            step(awaited + 1);
        }
    }

    private void step(long step) {
        await(step);
        for (int slice = run.begin(); slice < run.end(); slice++) {
            Optional<SliceRange> sum = sumCompleteWith(slice);
            Consumer<Chunk> out = chunk -> sum.ifPresent(
                    slices -> push(chunk, Frames.push(chunk, step, slices, contribution), slices.count()));
            if (localSteps > 0) {
                passes(localSteps);
                if (sum.isPresent()) {
                    all(out);
                }
            } else if (sum.isPresent()) {
                pass(out);
            } else {
                passes(1);
            }
        }
    }

    /** What it pushes once it has the gradient of a slice: a largest node of the slice tree that ends there, if one does. */
    private Optional<SliceRange> sumCompleteWith(int slice) {
        return tree.maximalNodes(run.begin(), run.end()).stream()
                .filter(node -> tree.end(node) == slice + 1)
                .map(node -> new SliceRange(tree.begin(node), tree.end(node)))
                .findAny();
    }

    @Override
    double expectedUpdates(long version) {
        return (double) version * tree.slices();
    }

    @Override
    void entered(Clock answer) {
        throw new IllegalStateException("A clock in a job without: " + answer);
    }
}
