package dev.tutti.tensor.graph;

/**
 * What operations expect of their operands. A complaint begins with the instruction's name, as that says in which layer it stands, and shows
 * the operation and all operands with their shapes.
 */
final class OperandChecks {
    private final String name;
    private final Op op;

    OperandChecks(String name, Op op) {
        this.name = name;
        this.op = op;
    }

    /** Rows and columns. */
    Shape matrix(Tensor tensor) {
        return rank(tensor, 2, "rows and columns");
    }

    /** [samples, channels, height, width] in any order. */
    Shape images(Tensor tensor) {
        return rank(tensor, 4, "the shape [samples, channels, height, width]");
    }

    /** [samples, time, width]. */
    Shape sequences(Tensor tensor) {
        return rank(tensor, 3, "the shape [samples, time, width]");
    }

    private Shape rank(Tensor tensor, int rank, String what) {
        if (tensor.shape().rank() != rank) {
            throw problem("expected " + tensor.name() + " to have " + what + ", got " + tensor.shape());
        }
        return tensor.shape();
    }

    void vector(Tensor tensor, int size) {
        shape(tensor, Shape.of(size));
    }

    void scalar(Tensor tensor) {
        shape(tensor, Shape.SCALAR);
        f32(tensor);
    }

    Shape shape(Tensor tensor, Shape expected) {
        if (!tensor.shape().equals(expected)) {
            throw problem("expected " + tensor.name() + " to be " + expected + ", got " + tensor.shape());
        }
        return expected;
    }

    Shape same(Tensor left, Tensor right) {
        if (!left.shape().equals(right.shape())) {
            throw problem("expected " + left.name() + " and " + right.name() + " to have one shape, got " + left.shape()
                    + " and " + right.shape());
        }
        return left.shape();
    }

    void f32(Tensor... tensors) {
        of(ElementType.F32, tensors);
    }

    void i32(Tensor tensor) {
        of(ElementType.I32, tensor);
    }

    void of(ElementType type, Tensor... tensors) {
        for (Tensor tensor : tensors) {
            if (tensor.type() != type) {
                throw problem("expected " + tensor.name() + " to be " + type + ", got " + tensor.type());
            }
        }
    }

    void equalFloats(Tensor left, Tensor right) {
        floats(left);
        of(left.type(), right);
    }

    void floats(Tensor tensor) {
        floatType(tensor.type());
    }

    ElementType floatType(ElementType type) {
        if (!type.isFloat()) {
            throw problem("expected a float type, got " + type);
        }
        return type;
    }

    /** @param axis of a tensor, or of a result */
    void axis(int axis, int rank) {
        if (axis < 0 || axis >= rank) {
            throw problem("expected an axis from 0 to " + (rank - 1) + ", got " + axis);
        }
    }

    void check(boolean holds, String sentence) {
        if (!holds) {
            throw problem(sentence);
        }
    }

    ShapeException problem(String sentence) {
        return new ShapeException(
                name + ": " + OpComponents.of(op).print(op) + " with " + op.operands() + ": ", sentence);
    }
}
