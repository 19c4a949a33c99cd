package dev.tutti.tensor.model;

import dev.tutti.tensor.graph.ConvolutionOp;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.ImageLayout;
import dev.tutti.tensor.graph.Initializer;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.ShapeException;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.graph.Window;

/** Layers over images. */
record ConvolutionLayers(GraphBuilder builder) {
    Tensor conv2d(String name, Tensor input, Layer.Conv2d layer) {
        Tensor x = withChannels(name, input);
        int channels = x.shape().size(1);
        if (layer.groups() < 1 || channels % layer.groups() != 0 || layer.filters() % layer.groups() != 0) {
            throw new ShapeException("expected groups to divide %d channels and %d filters, got %d"
                    .formatted(channels, layer.filters(), layer.groups()));
        }
        Window window = layer.window();
        int inputs = channels / layer.groups();
        Initializer initializer = Initializer.Uniform.fanIn(inputs * window.area());
        Tensor weight = builder.parameter(
                name + ".weight", Shape.of(layer.filters(), inputs, window.height(), window.width()), initializer);
        Tensor bias = builder.parameter(name + ".bias", Shape.of(layer.filters()), initializer);
        return builder.add(
                name, new ConvolutionOp.Conv2d(x, weight, bias, window, layer.groups(), ImageLayout.SAMPLES_FIRST));
    }

    Tensor maxPool(String name, Tensor x, Window window) {
        return builder.add(name, new ConvolutionOp.MaxPool(withChannels(name, x), window, ImageLayout.SAMPLES_FIRST));
    }

    Tensor averagePool(String name, Tensor x, Window window) {
        return builder.add(
                name, new ConvolutionOp.AveragePool(withChannels(name, x), window, ImageLayout.SAMPLES_FIRST));
    }

    /** [samples, height, width] → [samples, 1, height, width]. */
    private Tensor withChannels(String name, Tensor x) {
        Shape shape = x.shape();
        if (shape.rank() != 3 && shape.rank() != 4) {
            throw new ShapeException("expected images, [channels, height, width] or [height, width]");
        }
        return shape.rank() == 3
                ? builder.add(
                        name + ".images",
                        new LayoutOp.Reshape(x, Shape.of(shape.size(0), 1, shape.size(1), shape.size(2))))
                : x;
    }
}
