package dev.tutti.tensor.autodiff;

import dev.tutti.tensor.graph.ConvolutionOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;

final class ConvolutionGradients {
    private ConvolutionGradients() {}

    static void backward(ConvolutionOp op, Tensor gradient, Tape tape) {
        switch (op) {
            case ConvolutionOp.Conv2d(var x, var weight, var bias, var window, int groups, var layout) -> {
                tape.contributeAll(
                        new ConvolutionOp.Conv2dWeightGradient(gradient, x, window, groups, layout), weight, bias);
                Shape images = x.shape();
                tape.contribute(
                        x,
                        new ConvolutionOp.Conv2dInputGradient(
                                gradient, weight, window, groups, layout.height(images), layout.width(images), layout));
            }
            case ConvolutionOp.MaxPool(var x, var window, var layout) ->
                tape.contribute(x, new ConvolutionOp.MaxPoolGradient(gradient, x, window, layout));
            case ConvolutionOp.AveragePool(var x, var window, var layout) ->
                tape.contribute(
                        x,
                        new ConvolutionOp.AveragePoolGradient(
                                gradient, window, layout.height(x.shape()), layout.width(x.shape()), layout));
            case ConvolutionOp.Conv2dInputGradient _,
                    ConvolutionOp.Conv2dWeightGradient _,
                    ConvolutionOp.Conv2dMaxPool _,
                    ConvolutionOp.MaxPoolScatter _,
                    ConvolutionOp.MaxPoolGradient _,
                    ConvolutionOp.AveragePoolGradient _ -> throw Autodiff.notDefined(op);
        }
    }
}
