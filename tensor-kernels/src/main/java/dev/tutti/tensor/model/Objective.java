package dev.tutti.tensor.model;

import java.util.OptionalInt;

/**
 * What training makes small.
 *
 * @param smoothing of labels, for cross-entropy; in [0, 1)
 * @param ignored for cross-entropy: rows with this label count nothing
 */
public record Objective(Task task, float smoothing, OptionalInt ignored) {
    public static Objective of(Task task) {
        return new Objective(task, 0, OptionalInt.empty());
    }
}
