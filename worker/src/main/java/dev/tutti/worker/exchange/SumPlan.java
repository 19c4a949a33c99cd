package dev.tutti.worker.exchange;

import dev.tutti.proto.wire.SliceTree;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How a worker sums the gradients of its run of slices on the fixed tree: like a binary counter, with a stack of left sums that wait for
 * their right ones.
 */
final class SumPlan {
    /**
     * What becomes of a slice's gradient: {@code merges} times the topmost waiting sum is taken and the value added to it; then the result
     * waits itself, or is a maximal node and goes out.
     *
     * @param complete whether the result is pushed
     * @param begin first slice of the result
     * @param end behind the last slice of the result
     */
    record Turn(int merges, boolean complete, int begin, int end) {}

    private final int runBegin;
    private final List<Turn> turns;

    SumPlan(SliceTree tree, int runBegin, int runEnd) {
        this.runBegin = runBegin;
        this.turns = IntStream.range(runBegin, runEnd)
                .mapToObj(slice -> turn(tree, slice, runBegin, runEnd))
                .toList();
    }

    Turn turn(int slice) {
        return turns.get(slice - runBegin);
    }

    private static Turn turn(SliceTree tree, int slice, int runBegin, int runEnd) {
        SliceTree.Node node = tree.node(slice, slice + 1).orElseThrow();
        for (int merges = 0; ; merges++) {
            boolean maximal = tree.isRoot(node) || !isWithin(tree, tree.parent(node), runBegin, runEnd);
            if (maximal || tree.begin(tree.sibling(node)) > tree.begin(node)) {
                return new Turn(merges, maximal, tree.begin(node), tree.end(node));
            }
            node = tree.parent(node);
        }
    }

    private static boolean isWithin(SliceTree tree, SliceTree.Node node, int begin, int end) {
        return tree.begin(node) >= begin && tree.end(node) <= end;
    }
}
