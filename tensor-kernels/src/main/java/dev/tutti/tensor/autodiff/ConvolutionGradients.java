package dev.tutti.tensor.autodiff;

import dev.tutti.tensor.graph.ConvolutionOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;

final class ConvolutionGradients {
    private ConvolutionGradients() {}

    static void backward(ConvolutionOp op, Tensor gradient, Tape tape) {
        switch (op) {
            case ConvolutionOp.Conv2d(var x, var weight, var bias, var window, int groups) -> {
                tape.contribute(bias, new ConvolutionOp.ChannelSum(gradient));
                tape.contribute(weight, new ConvolutionOp.Conv2dWeightGradient(gradient, x, window, groups));
                Shape images = x.shape();
                tape.contribute(
                        x,
                        new ConvolutionOp.Conv2dInputGradient(
                                gradient, weight, window, groups, images.size(2), images.size(3)));
            }
            case ConvolutionOp.MaxPool(var x, var window) ->
                tape.contribute(x, new ConvolutionOp.MaxPoolGradient(gradient, x, window));
            case ConvolutionOp.AveragePool(var x, var window) ->
                tape.contribute(
                        x,
                        new ConvolutionOp.AveragePoolGradient(
                                gradient, window, x.shape().size(2), x.shape().size(3)));
            case ConvolutionOp.Conv2dInputGradient _,
                    ConvolutionOp.Conv2dWeightGradient _,
                    ConvolutionOp.ChannelSum _,
                    ConvolutionOp.MaxPoolGradient _,
                    ConvolutionOp.AveragePoolGradient _ -> throw Autodiff.notDefined(op);
        }
    }
}
