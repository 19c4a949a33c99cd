package dev.tutti.nd4j;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.graph.ConvolutionOp;
import dev.tutti.tensor.graph.ImageLayout;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.graph.Window;
import java.util.function.Supplier;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;

/** ND4J's operations by their names in libnd4j: conv2d, maxpool2d, avgpool2d and their {@code _bp}. */
record ImageKernels(Arrays arrays) {
    private static final int EXPLICIT_PADDING = 0;
    private static final int SAMPLES_CHANNELS_HEIGHT_WIDTH = 0;
    private static final int OUT_IN_HEIGHT_WIDTH = 1;
    private static final int MEAN_OF_WHOLE_WINDOW = 1;

    /** @throws UnsupportedOperationException for groups, and for what only other backends make */
    Kernel bind(ConvolutionOp op, Instruction instruction) {
        if (op.layout() != ImageLayout.SAMPLES_FIRST) {
            throw ArrayKernels.unsupported(instruction);
        }
        long[] shape = Arrays.shape(instruction.result());
        return switch (op) {
            case ConvolutionOp.Conv2d(var x, var weight, var bias, var window, int groups, var _) -> {
                ungrouped(groups, instruction);
                yield setting(instruction, () -> run("conv2d", conv(window), get(x), get(weight), get(bias))[0]);
            }
            case ConvolutionOp.Conv2dInputGradient(
                    var gradient,
                    var weight,
                    var window,
                    int groups,
                    int _,
                    int _,
                    var _) -> {
                ungrouped(groups, instruction);
                yield setting(
                        instruction,
                        () -> run("conv2d_bp", conv(window), Nd4j.zeros(shape), get(weight), get(gradient))[0]);
            }
            case ConvolutionOp.Conv2dWeightGradient(var gradient, var x, var window, int groups, var _) -> {
                ungrouped(groups, instruction);
                Tensor bias = instruction.results().get(1);
                Kernel weight = setting(
                        instruction, () -> run("conv2d_bp", conv(window), get(x), Nd4j.zeros(shape), get(gradient))[1]);
                yield () -> {
                    weight.run();
                    arrays.set(bias, get(gradient).sum(0, 2, 3));
                };
            }
            case ConvolutionOp.MaxPool(var x, var window, var _) ->
                setting(instruction, () -> run("maxpool2d", pool(window, 1), get(x))[0]);
            case ConvolutionOp.MaxPoolGradient(var gradient, var x, var window, var _) ->
                setting(instruction, () -> run("maxpool2d_bp", pool(window, 1), get(x), get(gradient))[0]);
            case ConvolutionOp.AveragePool(var x, var window, var _) ->
                setting(instruction, () -> run("avgpool2d", pool(window, MEAN_OF_WHOLE_WINDOW), get(x))[0]);
            case ConvolutionOp.AveragePoolGradient(var gradient, var window, int _, int _, var _) -> {
                int[] arguments = pool(window, MEAN_OF_WHOLE_WINDOW);
                yield setting(instruction, () -> run("avgpool2d_bp", arguments, Nd4j.zeros(shape), get(gradient))[0]);
            }
            case ConvolutionOp.Conv2dMaxPool _, ConvolutionOp.MaxPoolScatter _ ->
                throw ArrayKernels.unsupported(instruction);
        };
    }

    private Kernel setting(Instruction instruction, Supplier<INDArray> value) {
        return () -> arrays.set(instruction.result(), value.get());
    }

    private static void ungrouped(int groups, Instruction instruction) {
        if (groups != 1) {
            throw new UnsupportedOperationException(
                    "nd4j has no convolution in groups (" + instruction.result().name() + ")");
        }
    }

    private INDArray get(Tensor tensor) {
        return arrays.get(tensor);
    }

    private static INDArray[] run(String name, int[] integers, INDArray... inputs) {
        return Nd4j.exec(DynamicCustomOp.builder(name)
                .addInputs(inputs)
                .addIntegerArguments(integers)
                .build());
    }

    private static int[] conv(Window w) {
        return new int[] {
            w.height(),
            w.width(),
            w.strideHeight(),
            w.strideWidth(),
            w.paddingHeight(),
            w.paddingWidth(),
            1,
            1,
            EXPLICIT_PADDING,
            SAMPLES_CHANNELS_HEIGHT_WIDTH,
            OUT_IN_HEIGHT_WIDTH
        };
    }

    private static int[] pool(Window w, int extra) {
        return new int[] {
            w.height(),
            w.width(),
            w.strideHeight(),
            w.strideWidth(),
            w.paddingHeight(),
            w.paddingWidth(),
            1,
            1,
            EXPLICIT_PADDING,
            extra,
            SAMPLES_CHANNELS_HEIGHT_WIDTH
        };
    }
}
