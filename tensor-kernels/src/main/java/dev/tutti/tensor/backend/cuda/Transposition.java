package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.graph.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A transposition in as few dimensions as it has: neighbouring axes that stay neighbours are one run, and axes of size 1 none.
 *
 * @param runs of the result, outermost first
 */
record Transposition(List<Run> runs) {
    /** @param stride how far apart its neighbours are in the operand, in elements */
    record Run(long size, long stride) {}

    /** Matrices one behind the other, each [rows, columns] in the operand and [columns, rows] in the result. */
    record Matrices(long count, long rows, long columns) {}

    /** @param axes of the operand, in the result's order */
    static Transposition of(Shape operand, List<Integer> axes) {
        List<Run> runs = new ArrayList<>();
        for (int axis : axes) {
            Run run = new Run(operand.size(axis), LayoutLaunches.inner(operand, axis));
            if (run.size == 1) {
                continue;
            }
            if (!runs.isEmpty() && runs.getLast().stride == run.size * run.stride) {
                run = new Run(runs.removeLast().size * run.size, run.stride);
            }
            runs.add(run);
        }
        return new Transposition(List.copyOf(runs));
    }

    /** If it is no more than this. */
    Optional<Matrices> matrices() {
        int count = runs.size();
        if (count < 2 || count > 3 || runs.get(count - 2).stride != 1) {
            return Optional.empty();
        }
        long columns = runs.get(count - 2).size;
        long rows = runs.get(count - 1).size;
        if (count == 2) {
            return Optional.of(new Matrices(1, rows, columns));
        }
        Run outer = runs.getFirst();
        return outer.stride == rows * columns ? Optional.of(new Matrices(outer.size, rows, columns)) : Optional.empty();
    }
}
