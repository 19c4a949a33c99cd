package dev.tutti.tensor.graph;

import java.util.List;
import java.util.function.UnaryOperator;

/**
 * An operation and its operands. Whoever handles operations switches over them without {@code default}: shapes ({@link ShapeInference}),
 * printing ({@link GraphPrinter}), gradients, precision, kernels; so a new one does not compile until each of them knows it.
 *
 * <p>Rows are samples. In formulas {@code r} is a row and {@code c} a column.
 */
public sealed interface Op {
    /** In the order of the record's components. */
    List<Tensor> operands();

    /** The same operation on other operands. */
    Op with(UnaryOperator<Tensor> replacement);

    /** (m, k) × (k, n) → (m, n) f32; a transposed operand lies in memory as (k, m) or (n, k). Operands are both f32 or both bf16; sums are f32. */
    record MatMul(Tensor left, boolean transposeLeft, Tensor right, boolean transposeRight) implements Op {
        @Override
        public List<Tensor> operands() {
            return List.of(left, right);
        }

        @Override
        public Op with(UnaryOperator<Tensor> replacement) {
            return new MatMul(replacement.apply(left), transposeLeft, replacement.apply(right), transposeRight);
        }
    }

    /** y[r, c] = x[r, c] + bias[c]. */
    record AddBias(Tensor x, Tensor bias) implements Op {
        @Override
        public List<Tensor> operands() {
            return List.of(x, bias);
        }

        @Override
        public Op with(UnaryOperator<Tensor> replacement) {
            return new AddBias(replacement.apply(x), replacement.apply(bias));
        }
    }

    /** Element by element, shapes equal. */
    record Add(Tensor left, Tensor right) implements Op {
        @Override
        public List<Tensor> operands() {
            return List.of(left, right);
        }

        @Override
        public Op with(UnaryOperator<Tensor> replacement) {
            return new Add(replacement.apply(left), replacement.apply(right));
        }
    }

    /** y = max(x, 0); a NaN stays one. */
    record Relu(Tensor x) implements Op {
        @Override
        public List<Tensor> operands() {
            return List.of(x);
        }

        @Override
        public Op with(UnaryOperator<Tensor> replacement) {
            return new Relu(replacement.apply(x));
        }
    }

    /** dx = gradient where output > 0, else 0; output is what {@link Relu} gave, f32 or rounded to bf16. */
    record ReluGradient(Tensor gradient, Tensor output) implements Op {
        @Override
        public List<Tensor> operands() {
            return List.of(gradient, output);
        }

        @Override
        public Op with(UnaryOperator<Tensor> replacement) {
            return new ReluGradient(replacement.apply(gradient), replacement.apply(output));
        }
    }

    /** y[c] = Σr x[r, c]. */
    record ColumnSum(Tensor x) implements Op {
        @Override
        public List<Tensor> operands() {
            return List.of(x);
        }

        @Override
        public Op with(UnaryOperator<Tensor> replacement) {
            return new ColumnSum(replacement.apply(x));
        }
    }

    /** loss = Σr log Σc exp(logits[r, c]) − logits[r, labels[r]], one number; labels are i32. */
    record CrossEntropy(Tensor logits, Tensor labels) implements Op {
        @Override
        public List<Tensor> operands() {
            return List.of(logits, labels);
        }

        @Override
        public Op with(UnaryOperator<Tensor> replacement) {
            return new CrossEntropy(replacement.apply(logits), replacement.apply(labels));
        }
    }

    /** dlogits[r, c] = gradient · (softmax(logits[r])[c] − [c = labels[r]]); gradient is one number. */
    record CrossEntropyGradient(Tensor gradient, Tensor logits, Tensor labels) implements Op {
        @Override
        public List<Tensor> operands() {
            return List.of(gradient, logits, labels);
        }

        @Override
        public Op with(UnaryOperator<Tensor> replacement) {
            return new CrossEntropyGradient(
                    replacement.apply(gradient), replacement.apply(logits), replacement.apply(labels));
        }
    }

    /** loss = Σr (1/columns) Σc (predictions[r, c] − targets[r, c])², one number. */
    record SquaredError(Tensor predictions, Tensor targets) implements Op {
        @Override
        public List<Tensor> operands() {
            return List.of(predictions, targets);
        }

        @Override
        public Op with(UnaryOperator<Tensor> replacement) {
            return new SquaredError(replacement.apply(predictions), replacement.apply(targets));
        }
    }

    /** dpredictions[r, c] = gradient · (2/columns) · (predictions[r, c] − targets[r, c]); gradient is one number. */
    record SquaredErrorGradient(Tensor gradient, Tensor predictions, Tensor targets) implements Op {
        @Override
        public List<Tensor> operands() {
            return List.of(gradient, predictions, targets);
        }

        @Override
        public Op with(UnaryOperator<Tensor> replacement) {
            return new SquaredErrorGradient(
                    replacement.apply(gradient), replacement.apply(predictions), replacement.apply(targets));
        }
    }

    /** f32 ↔ bf16, to nearest, ties to even. */
    record Cast(Tensor x, ElementType type) implements Op {
        @Override
        public List<Tensor> operands() {
            return List.of(x);
        }

        @Override
        public Op with(UnaryOperator<Tensor> replacement) {
            return new Cast(replacement.apply(x), type);
        }
    }

    /**
     * y = activation(x · weightᵀ + bias): (rows, in) × (out, in)ᵀ + (out) → (rows, out), rounded once, to {@code type}. What {@link
     * dev.tutti.tensor.lowering.Fusion} makes of {@link MatMul}, {@link AddBias}, {@link Relu} and {@link Cast}.
     */
    record Dense(Tensor x, Tensor weight, Tensor bias, Activation activation, ElementType type) implements Op {
        @Override
        public List<Tensor> operands() {
            return List.of(x, weight, bias);
        }

        @Override
        public Op with(UnaryOperator<Tensor> replacement) {
            return new Dense(
                    replacement.apply(x), replacement.apply(weight), replacement.apply(bias), activation, type);
        }
    }
}
