package dev.tutti.tensor.peer;

import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.Window;
import dev.tutti.tensor.model.Layer;
import dev.tutti.tensor.model.ModelInput;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.AbstractTensor;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/** Our layers as libtorch's functions. Takes parameters from a list in the order in which our layers make them. */
final class TorchLayers {
    private static final double MOMENTUM = 0.1;

    private final Queue<Tensor> parameters;
    private final Optional<Tensor> ignored;
    private @Nullable Tensor table;

    TorchLayers(ModelInput input, List<Tensor> parameters, Tensor features) {
        this.parameters = new ArrayDeque<>(parameters);
        this.ignored = switch (input) {
            case ModelInput.Tokens(int _, var padding)
            when padding.isPresent() -> Optional.of(features.eq(TorchModel.scalar(padding.getAsInt())));
            case ModelInput.Tokens _, ModelInput.Numbers _ -> Optional.empty();
        };
    }

    Tensor append(List<Layer> layers, Tensor input) {
        Tensor x = input;
        for (Layer layer : layers) {
            x = append(layer, x);
        }
        return x;
    }

    private Tensor append(Layer layer, Tensor x) {
        return switch (layer) {
            case Layer.Dense _ -> dense(x);
            case Layer.TiedDense _ -> torch.linear(x, required(table), new TensorOptional(next()));
            case Layer.Conv2d(int _, var window, int groups) ->
                torch.conv2d(
                        withChannels(x),
                        next(),
                        new TensorOptional(next()),
                        stride(window),
                        padding(window),
                        new long[] {1, 1},
                        groups);
            case Layer.MaxPool(var window) ->
                torch.max_pool2d(
                        withChannels(x), size(window), stride(window), padding(window), new long[] {1, 1}, false);
            case Layer.AveragePool(var window) ->
                torch.avg_pool2d(
                        withChannels(x),
                        size(window),
                        stride(window),
                        padding(window),
                        false,
                        true,
                        new LongOptional());
            case Layer.Flatten _ -> x.reshape(x.size(0), -1);
            case Layer.Reshape(var shape) ->
                x.reshape(LongStream.concat(
                                LongStream.of(x.size(0)), shape.stream().mapToLong(Integer::longValue))
                        .toArray());
            case Layer.Activate(var activation) -> activate(x, activation);
            case Layer.Softmax _ -> torch.softmax(x, -1);
            case Layer.Dropout _ -> throw new IllegalArgumentException("libtorch draws other numbers");
            case Layer.LayerNorm(float epsilon) ->
                torch.layer_norm(
                        x,
                        new long[] {x.size(-1)},
                        new TensorOptional(next()),
                        new TensorOptional(next()),
                        epsilon,
                        false);
            case Layer.BatchNorm(float epsilon) -> batchNorm(x, epsilon);
            case Layer.Embedding _ -> {
                Tensor weight = next();
                table = table == null ? weight : table;
                yield torch.embedding(weight, x);
            }
            case Layer.Positions(var encoding) -> x.add(positions(x, encoding));
            case Layer.Attention attention -> attention(x, attention);
            case Layer.Lstm(int hidden, boolean sequences) -> lstm(x, hidden, sequences);
            case Layer.Mean _ -> x.mean(1L);
            case Layer.Residual(var layers) -> x.add(append(layers, x));
            case Layer.Concat(var branches) -> {
                List<Tensor> parts =
                        branches.stream().map(layers -> append(layers, x)).toList();
                yield torch.cat(new TensorVector(parts.toArray(Tensor[]::new)), x.dim() == 4 ? 1 : -1);
            }
        };
    }

    private Tensor next() {
        return parameters.remove();
    }

    private static Tensor required(@Nullable Tensor tensor) {
        if (tensor == null) {
            throw new IllegalStateException("no embedding came before");
        }
        return tensor;
    }

    private Tensor dense(Tensor x) {
        return torch.linear(x, next(), new TensorOptional(next()));
    }

    private static Tensor activate(Tensor x, Activation activation) {
        return switch (activation) {
            case IDENTITY -> x;
            case RELU -> torch.relu(x);
            case GELU -> torch.gelu(x);
            case TANH -> torch.tanh(x);
            case SIGMOID -> torch.sigmoid(x);
        };
    }

    private Tensor batchNorm(Tensor x, float epsilon) {
        Tensor gamma = next();
        Tensor beta = next();
        Tensor mean = next();
        Tensor variance = next();
        return torch.batch_norm(
                x,
                new TensorOptional(gamma),
                new TensorOptional(beta),
                new TensorOptional(mean.detach()),
                new TensorOptional(variance.detach()),
                true,
                MOMENTUM,
                epsilon,
                false);
    }

    private Tensor positions(Tensor x, Layer.Positions.Encoding encoding) {
        int time = (int) x.size(1);
        int width = (int) x.size(2);
        return switch (encoding) {
            case LEARNED -> next();
            case SINUSOIDAL -> {
                float[] table = new float[time * width];
                for (int t = 0; t < time; t++) {
                    for (int c = 0; c < width; c++) {
                        int even = c - c % 2;
                        double angle = t * Math.pow(10_000, -even / (double) width);
                        table[t * width + c] = (float) (c % 2 == 0 ? Math.sin(angle) : Math.cos(angle));
                    }
                }
                yield AbstractTensor.create(table, time, width);
            }
        };
    }

    private Tensor attention(Tensor x, Layer.Attention layer) {
        long samples = x.size(0);
        long time = x.size(1);
        long width = x.size(2);
        TensorVector qkv = dense(x).chunk(3, -1);
        List<Tensor> heads = IntStream.range(0, 3)
                .mapToObj(i -> qkv.get(i)
                        .reshape(samples, time, layer.heads(), width / layer.heads())
                        .transpose(1, 2))
                .toList();
        Tensor y = torch.scaled_dot_product_attention(
                heads.get(0), heads.get(1), heads.get(2), mask(layer, time), 0, false, new DoubleOptional(), false);
        return dense(y.transpose(1, 2).reshape(samples, time, width));
    }

    /** Boolean, true where a key is seen. */
    private TensorOptional mask(Layer.Attention layer, long time) {
        Tensor seen = torch.ones(time, time);
        if (layer.causal()) {
            seen = torch.tril(seen);
        }
        seen = seen.reshape(1, 1, time, time).gt(TorchModel.scalar(0.5f));
        if (ignored.isPresent()) {
            Tensor keys = ignored.get();
            seen = seen.logical_and(keys.logical_not().reshape(keys.size(0), 1, 1, time));
        }
        return new TensorOptional(seen);
    }

    /** libtorch's second bias is zero. */
    private Tensor lstm(Tensor x, int hidden, boolean sequences) {
        Tensor inputWeight = next();
        Tensor bias = next();
        Tensor hiddenWeight = next();
        Tensor state = torch.zeros(1, x.size(0), hidden);
        Tensor y = torch.lstm(
                        x,
                        new TensorVector(state, state),
                        new TensorVector(inputWeight, hiddenWeight, bias, torch.zeros(4L * hidden)),
                        true,
                        1,
                        0,
                        true,
                        false,
                        true)
                .get0();
        return sequences ? y : y.select(1, -1);
    }

    private static Tensor withChannels(Tensor x) {
        return x.dim() == 3 ? x.unsqueeze(1) : x;
    }

    private static long[] size(Window window) {
        return new long[] {window.height(), window.width()};
    }

    private static long[] stride(Window window) {
        return new long[] {window.strideHeight(), window.strideWidth()};
    }

    private static long[] padding(Window window) {
        return new long[] {window.paddingHeight(), window.paddingWidth()};
    }
}
