package dev.tutti.tensor.model;

import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.Initializer;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;

/** A linear layer, laid out and initialized as PyTorch's {@code nn.Linear}: {@code weight} (out, in) and {@code bias} (out). */
final class Dense {
    private Dense() {}

    /** x · weightᵀ + bias: (rows, in) → (rows, outputs). */
    static Tensor forward(GraphBuilder builder, String name, Tensor x, int outputs) {
        int inputs = x.shape().size(1);
        Initializer initializer = Initializer.Uniform.fanIn(inputs);
        Tensor weight = builder.parameter(name + ".weight", Shape.of(outputs, inputs), initializer);
        Tensor bias = builder.parameter(name + ".bias", Shape.of(outputs), initializer);
        Tensor product = builder.add(name + ".product", new MatrixOp.MatMul(x, false, weight, true));
        return builder.add(name + ".sum", new MatrixOp.AddBias(product, bias));
    }
}
