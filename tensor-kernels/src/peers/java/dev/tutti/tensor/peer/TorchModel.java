package dev.tutti.tensor.peer;

import dev.tutti.tensor.backend.Execution;
import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.model.ModelSpec;
import dev.tutti.tensor.model.Models;
import dev.tutti.tensor.model.Objective;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.AbstractTensor;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** A model of ours in libtorch: copies of our parameters, in our order, under libtorch's own operations and autograd. */
record TorchModel(ModelSpec spec, Objective objective, List<Tensor> parameters) {
    private static final long SUM = 2;
    private static final long NONE_IGNORED = -100;

    static TorchModel copyOf(Execution ours, ModelSpec spec, Objective objective) {
        return new TorchModel(
                spec,
                objective,
                IntStream.range(0, ours.graph().parameters().size())
                        .mapToObj(i -> floats(
                                        ours.parameter(i),
                                        ours.graph().parameters().get(i).shape())
                                .requires_grad_(true))
                        .toList());
    }

    /** The sum of the rows' losses on the inputs that lie in ours. */
    Tensor lossSum(Execution ours) {
        return lossSum(logits(ours), ours);
    }

    /** [rows, outputs]. */
    Tensor logits(Execution ours) {
        Tensor features = input(ours, Models.FEATURES);
        Tensor logits = new TorchLayers(spec.input(), parameters, features).append(spec.layers(), features);
        return logits.reshape(-1, logits.size(-1));
    }

    private Tensor lossSum(Tensor logits, Execution ours) {
        Tensor labels = input(ours, Models.LABELS);
        int outputs = (int) logits.size(-1);
        return switch (objective.task()) {
            case CROSS_ENTROPY ->
                torch.cross_entropy_loss(
                        logits,
                        labels,
                        new TensorOptional(),
                        SUM,
                        objective.ignored().isPresent() ? objective.ignored().getAsInt() : NONE_IGNORED,
                        objective.smoothing());
            case MSE -> torch.mse_loss(logits, labels, SUM).div(scalar(outputs));
            case BINARY_CROSS_ENTROPY ->
                torch.binary_cross_entropy_with_logits(logits, labels, new TensorOptional(), new TensorOptional(), SUM)
                        .div(scalar(outputs));
        };
    }

    TensorVector vector() {
        return new TensorVector(parameters.toArray(Tensor[]::new));
    }

    List<float[]> values() {
        return parameters.stream().map(TorchModel::floats).toList();
    }

    List<float[]> gradients() {
        return parameters.stream().map(parameter -> floats(parameter.grad())).toList();
    }

    private static Tensor input(Execution ours, String name) {
        Values values = ours.input(name);
        var tensor = ours.graph().input(name);
        return tensor.type() == ElementType.I32
                ? AbstractTensor.create(LongStream.range(0, values.count())
                                .map(i -> (long) values.get(i))
                                .toArray())
                        .reshape(sizes(tensor.shape()))
                : floats(values, tensor.shape());
    }

    private static Tensor floats(Values values, Shape shape) {
        float[] floats = new float[Math.toIntExact(values.count())];
        IntStream.range(0, floats.length).forEach(i -> floats[i] = (float) values.get(i));
        return AbstractTensor.create(floats, sizes(shape));
    }

    static Tensor scalar(float value) {
        return AbstractTensor.create(new float[] {value}, 1);
    }

    private static long[] sizes(Shape shape) {
        return shape.sizes().stream().mapToLong(Integer::longValue).toArray();
    }

    static float[] floats(Tensor tensor) {
        FloatBuffer buffer = tensor.detach().contiguous().createBuffer();
        float[] floats = new float[buffer.remaining()];
        buffer.get(floats);
        return floats;
    }
}
