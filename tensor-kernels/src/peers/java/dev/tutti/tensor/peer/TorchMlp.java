package dev.tutti.tensor.peer;

import dev.tutti.tensor.model.Task;
import java.nio.FloatBuffer;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** A multi-layer perceptron of libtorch: weight, bias, weight, bias, … */
record TorchMlp(List<Tensor> parameters) {
    Tensor loss(Tensor features, Tensor labels, Task task) {
        Tensor x = features;
        for (int i = 0; i < parameters.size(); i += 2) {
            x = torch.linear(x, parameters.get(i), parameters.get(i + 1));
            if (i + 2 < parameters.size()) {
                x = torch.relu(x);
            }
        }
        return switch (task) {
            case CROSS_ENTROPY -> torch.cross_entropy_loss(x, labels);
            case MSE -> torch.mse_loss(x, labels);
        };
    }

    TensorVector vector() {
        return new TensorVector(parameters.toArray(Tensor[]::new));
    }

    List<float[]> values() {
        return parameters.stream().map(TorchMlp::floats).toList();
    }

    List<float[]> gradients() {
        return parameters.stream().map(parameter -> floats(parameter.grad())).toList();
    }

    private static float[] floats(Tensor tensor) {
        FloatBuffer buffer = tensor.detach().contiguous().createBuffer();
        float[] floats = new float[buffer.remaining()];
        buffer.get(floats);
        return floats;
    }
}
