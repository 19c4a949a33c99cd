package dev.tutti.nd4j;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ConvolutionOp;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.LossOp;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.tensor.graph.Op;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Tensor;
import java.util.function.Supplier;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/** What multi-layer perceptrons and LeNet are made of; anything else is refused when a program is compiled. */
final class ArrayKernels {
    private final Arrays arrays;
    private final ImageKernels images;
    private final LossKernels losses;

    ArrayKernels(Arrays arrays) {
        this.arrays = arrays;
        this.images = new ImageKernels(arrays);
        this.losses = new LossKernels(arrays);
    }

    /** @throws UnsupportedOperationException naming the operation */
    Kernel bind(Instruction instruction) {
        return switch (instruction.op()) {
            case MatrixOp op -> setting(instruction, matrix(op, instruction));
            case ElementwiseOp op -> setting(instruction, elementwise(op, instruction));
            case LayoutOp op -> setting(instruction, layout(op, instruction));
            case ConvolutionOp op -> images.bind(op, instruction);
            case LossOp op -> setting(instruction, losses.bind(op));
            case NormalizationOp _, SequenceOp _ -> throw unsupported(instruction);
        };
    }

    private Kernel setting(Instruction instruction, Supplier<INDArray> value) {
        return () -> arrays.set(instruction.result(), value.get());
    }

    private Supplier<INDArray> matrix(MatrixOp op, Instruction instruction) {
        return switch (op) {
            case MatrixOp.MatMul(var left, boolean transposeLeft, var right, boolean transposeRight) ->
                () -> matrix(left, transposeLeft).mmul(matrix(right, transposeRight));
            case MatrixOp.AddBias(var x, var bias) -> {
                long[] row = {1, bias.elementCount()};
                long[] rows = {x.elementCount() / bias.elementCount(), bias.elementCount()};
                yield () -> get(x).reshape('c', rows)
                        .add(get(bias).reshape('c', row).broadcast(rows))
                        .reshape('c', Arrays.shape(x));
            }
            case MatrixOp.ColumnSum(var x, var shape) -> {
                long columns = shape.elementCount();
                yield () -> get(x).reshape('c', x.elementCount() / columns, columns)
                        .sum(0)
                        .reshape('c', Arrays.shape(instruction.result()));
            }
            case MatrixOp.Dense _, MatrixOp.RoundedMatMul _ -> throw unsupported(instruction);
        };
    }

    private Supplier<INDArray> elementwise(ElementwiseOp op, Instruction instruction) {
        return switch (op) {
            case ElementwiseOp.Add(var left, var right) -> () -> get(left).add(get(right));
            case ElementwiseOp.Scale(var x, var scalar, float factor) ->
                () -> get(x).mul(get(scalar).getFloat(0)).mul(factor);
            case ElementwiseOp.Activate(var x, var activation) -> activate(x, activation, instruction);
            case ElementwiseOp.ActivateGradient(var gradient, var saved, var activation) ->
                activateGradient(gradient, saved, activation, instruction);
            case ElementwiseOp.Dropout _, ElementwiseOp.Cast _ -> throw unsupported(instruction);
        };
    }

    private Supplier<INDArray> activate(Tensor x, Activation activation, Instruction instruction) {
        return switch (activation) {
            case IDENTITY -> () -> get(x).dup();
            // ND4J's own maximum makes a NaN 0, and so would hide it from the loss.
            case RELU -> () -> get(x).mul(get(x).gt(0).castTo(get(x).dataType()));
            case TANH -> () -> Transforms.tanh(get(x), true);
            case SIGMOID -> () -> Transforms.sigmoid(get(x), true);
            case GELU -> throw unsupported(instruction);
        };
    }

    private Supplier<INDArray> activateGradient(
            Tensor gradient, Tensor saved, Activation activation, Instruction instruction) {
        return switch (activation) {
            case IDENTITY -> () -> get(gradient).dup();
            case RELU ->
                () -> get(gradient).mul(get(saved).gt(0).castTo(get(gradient).dataType()));
            case TANH -> () -> get(gradient).mul(get(saved).mul(get(saved)).rsub(1));
            case SIGMOID -> () -> get(gradient).mul(get(saved).mul(get(saved).rsub(1)));
            case GELU -> throw unsupported(instruction);
        };
    }

    private Supplier<INDArray> layout(LayoutOp op, Instruction instruction) {
        return switch (op) {
            case LayoutOp.Reshape(var x, var _) -> () -> get(x).reshape('c', Arrays.shape(instruction.result()));
            case LayoutOp.Transpose(var x, var axes) -> {
                int[] order = axes.stream().mapToInt(Integer::intValue).toArray();
                yield () -> get(x).permute(order).dup('c');
            }
            case LayoutOp.Concat _, LayoutOp.Slice _, LayoutOp.Pad _, LayoutOp.Sum _, LayoutOp.Repeat _ ->
                throw unsupported(instruction);
        };
    }

    private INDArray get(Tensor tensor) {
        return arrays.get(tensor);
    }

    private INDArray matrix(Tensor tensor, boolean transposed) {
        INDArray matrix = get(tensor);
        return transposed ? matrix.transpose() : matrix;
    }

    static UnsupportedOperationException unsupported(Instruction instruction) {
        return new UnsupportedOperationException("nd4j has no kernel for " + name(instruction.op()) + " ("
                + instruction.result().name() + "); it serves multi-layer perceptrons and LeNet");
    }

    private static String name(Op op) {
        return op.getClass().getSimpleName();
    }

    static INDArray scalar(double value) {
        return Nd4j.createFromArray((float) value);
    }
}
