package dev.tutti.tensor.graph;

/** The type and shape an operation's result has, or why its operands do not fit together. */
final class ShapeInference {
    /** One number. */
    private static final Shape SCALAR = Shape.of(1);

    /** Of the result; it begins every complaint, as it says in which layer the operation stands. */
    private final String name;

    private ShapeInference(String name) {
        this.name = name;
    }

    /** @throws IllegalArgumentException naming the result, the operation and both shapes */
    static Tensor infer(int id, String name, Op op) {
        ShapeInference inference = new ShapeInference(name);
        return new Tensor(id, name, inference.type(op), inference.shape(op));
    }

    private Shape shape(Op op) {
        return switch (op) {
            case Op.MatMul matMul -> matMul(matMul);
            case Op.AddBias(var x, var bias) -> {
                matrix(op, x);
                vector(op, bias, x.shape().size(1));
                yield x.shape();
            }
            case Op.Add(var left, var right) -> same(op, left, right);
            case Op.Relu(var x) -> x.shape();
            case Op.ReluGradient(var gradient, var output) -> same(op, gradient, output);
            case Op.ColumnSum(var x) -> Shape.of(matrix(op, x).size(1));
            case Op.CrossEntropy(var logits, var labels) -> {
                vector(op, labels, matrix(op, logits).size(0));
                yield SCALAR;
            }
            case Op.CrossEntropyGradient(var gradient, var logits, var labels) -> {
                vector(op, gradient, 1);
                vector(op, labels, matrix(op, logits).size(0));
                yield logits.shape();
            }
            case Op.SquaredError(var predictions, var targets) -> {
                matrix(op, predictions);
                same(op, predictions, targets);
                yield SCALAR;
            }
            case Op.SquaredErrorGradient(var gradient, var predictions, var targets) -> {
                vector(op, gradient, 1);
                matrix(op, predictions);
                yield same(op, predictions, targets);
            }
            case Op.Cast(var x, var _) -> x.shape();
            case Op.Dense(var x, var weight, var bias, var _, var _) -> {
                Shape shape = matMul(new Op.MatMul(x, false, weight, true));
                vector(op, bias, shape.size(1));
                yield shape;
            }
        };
    }

    private ElementType type(Op op) {
        return switch (op) {
            case Op.MatMul(var left, var _, var right, var _) -> {
                equalFloats(op, left, right);
                yield ElementType.F32;
            }
            case Op.ReluGradient(var gradient, var output) -> {
                of(op, ElementType.F32, gradient);
                floats(op, output);
                yield ElementType.F32;
            }
            case Op.CrossEntropy(var logits, var labels) -> {
                of(op, ElementType.F32, logits);
                of(op, ElementType.I32, labels);
                yield ElementType.F32;
            }
            case Op.CrossEntropyGradient(var gradient, var logits, var labels) -> {
                of(op, ElementType.F32, gradient, logits);
                of(op, ElementType.I32, labels);
                yield ElementType.F32;
            }
            case Op.AddBias _, Op.Add _, Op.Relu _, Op.ColumnSum _, Op.SquaredError _, Op.SquaredErrorGradient _ -> {
                of(op, ElementType.F32, op.operands().toArray(Tensor[]::new));
                yield ElementType.F32;
            }
            case Op.Cast(var x, var type) -> {
                floats(op, x);
                yield floatType(op, type);
            }
            case Op.Dense(var x, var weight, var bias, var _, var type) -> {
                equalFloats(op, x, weight);
                of(op, ElementType.F32, bias);
                yield floatType(op, type);
            }
        };
    }

    private Shape matMul(Op.MatMul op) {
        Shape left = matrix(op, op.left());
        Shape right = matrix(op, op.right());
        int inner = left.size(op.transposeLeft() ? 0 : 1);
        int rightInner = right.size(op.transposeRight() ? 1 : 0);
        if (inner != rightInner) {
            throw problem(op, "inner sizes " + inner + " and " + rightInner + " differ");
        }
        return Shape.of(left.size(op.transposeLeft() ? 1 : 0), right.size(op.transposeRight() ? 0 : 1));
    }

    private Shape matrix(Op op, Tensor tensor) {
        if (tensor.shape().rank() != 2) {
            throw problem(op, tensor.name() + " must have rows and columns");
        }
        return tensor.shape();
    }

    private void vector(Op op, Tensor tensor, int size) {
        if (!tensor.shape().equals(Shape.of(size))) {
            throw problem(op, tensor.name() + " must be " + Shape.of(size));
        }
    }

    private Shape same(Op op, Tensor left, Tensor right) {
        if (!left.shape().equals(right.shape())) {
            throw problem(op, left.name() + " and " + right.name() + " must have one shape");
        }
        return left.shape();
    }

    private void of(Op op, ElementType type, Tensor... tensors) {
        for (Tensor tensor : tensors) {
            if (tensor.type() != type) {
                throw problem(op, tensor.name() + " must be " + type);
            }
        }
    }

    private void equalFloats(Op op, Tensor left, Tensor right) {
        floats(op, left);
        of(op, left.type(), right);
    }

    private void floats(Op op, Tensor tensor) {
        floatType(op, tensor.type());
    }

    private ElementType floatType(Op op, ElementType type) {
        if (type == ElementType.I32) {
            throw problem(op, "i32 is for labels only");
        }
        return type;
    }

    private IllegalArgumentException problem(Op op, String sentence) {
        return new IllegalArgumentException(
                name + ": " + GraphPrinter.print(op) + " with " + op.operands() + ": " + sentence);
    }
}
