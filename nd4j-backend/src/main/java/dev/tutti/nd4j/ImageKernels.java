package dev.tutti.nd4j;

import dev.tutti.tensor.graph.ConvolutionOp;
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

    /** @throws UnsupportedOperationException for groups */
    Supplier<INDArray> bind(ConvolutionOp op, Instruction instruction) {
        return switch (op) {
            case ConvolutionOp.Conv2d(var x, var weight, var bias, var window, int groups) -> {
                ungrouped(groups, instruction);
                yield () -> run("conv2d", conv(window), get(x), get(weight), get(bias))[0];
            }
            case ConvolutionOp.Conv2dInputGradient(var gradient, var weight, var window, int groups, int _, int _) -> {
                ungrouped(groups, instruction);
                long[] shape = Arrays.shape(instruction.result());
                yield () -> run("conv2d_bp", conv(window), Nd4j.zeros(shape), get(weight), get(gradient))[0];
            }
            case ConvolutionOp.Conv2dWeightGradient(var gradient, var x, var window, int groups) -> {
                ungrouped(groups, instruction);
                long[] shape = Arrays.shape(instruction.result());
                yield () -> run("conv2d_bp", conv(window), get(x), Nd4j.zeros(shape), get(gradient))[1];
            }
            case ConvolutionOp.ChannelSum(var x) -> () -> get(x).sum(0, 2, 3);
            case ConvolutionOp.MaxPool(var x, var window) -> () -> run("maxpool2d", pool(window, 1), get(x))[0];
            case ConvolutionOp.MaxPoolGradient(var gradient, var x, var window) ->
                () -> run("maxpool2d_bp", pool(window, 1), get(x), get(gradient))[0];
            case ConvolutionOp.AveragePool(var x, var window) ->
                () -> run("avgpool2d", pool(window, MEAN_OF_WHOLE_WINDOW), get(x))[0];
            case ConvolutionOp.AveragePoolGradient(var gradient, var window, int _, int _) -> {
                long[] shape = Arrays.shape(instruction.result());
                yield () ->
                        run("avgpool2d_bp", pool(window, MEAN_OF_WHOLE_WINDOW), Nd4j.zeros(shape), get(gradient))[0];
            }
        };
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
