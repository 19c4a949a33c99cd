package dev.tutti.tensor.graph;

import java.util.OptionalInt;

/** One number for all rows, a sum, not a mean; and its gradient by the predictions, where {@code gradient} is one number. */
public sealed interface LossOp extends Op {
    /**
     * loss = Σr log Σc exp(logits[r, c]) − Σc target[r, c] · logits[r, c], target = (1 − smoothing) · [c = labels[r]] + smoothing / columns; Szegedy et al. 2016
     * for the smoothing. Rows whose label is {@code ignored} count nothing.
     *
     * @param labels i32 [rows]
     * @param smoothing in [0, 1)
     */
    record CrossEntropy(Tensor logits, Tensor labels, float smoothing, OptionalInt ignored) implements LossOp {
        public CrossEntropy(Tensor logits, Tensor labels) {
            this(logits, labels, 0, OptionalInt.empty());
        }
    }

    /** dlogits[r, c] = gradient · (softmax(logits[r])[c] − target[r, c]), 0 in ignored rows. */
    record CrossEntropyGradient(Tensor gradient, Tensor logits, Tensor labels, float smoothing, OptionalInt ignored)
            implements LossOp {
        public CrossEntropyGradient(Tensor gradient, Tensor logits, Tensor labels) {
            this(gradient, logits, labels, 0, OptionalInt.empty());
        }
    }

    /** loss = Σr (1/columns) Σc (predictions[r, c] − targets[r, c])². */
    record SquaredError(Tensor predictions, Tensor targets) implements LossOp {}

    /** dpredictions[r, c] = gradient · (2/columns) · (predictions[r, c] − targets[r, c]). */
    record SquaredErrorGradient(Tensor gradient, Tensor predictions, Tensor targets) implements LossOp {}

    /** loss = Σr (1/columns) Σc log(1 + exp(x)) − target · x, x = logits[r, c]; targets are f32 in [0, 1]. */
    record BinaryCrossEntropy(Tensor logits, Tensor targets) implements LossOp {}

    /** dlogits[r, c] = gradient · (1/columns) · (σ(logits[r, c]) − targets[r, c]). */
    record BinaryCrossEntropyGradient(Tensor gradient, Tensor logits, Tensor targets) implements LossOp {}
}
