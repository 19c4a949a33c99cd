package dev.tutti.benchmarks.peer;

import static org.bytedeco.pytorch.global.torch.max_pool2d;
import static org.bytedeco.pytorch.global.torch.randint;
import static org.bytedeco.pytorch.global.torch.randn;
import static org.bytedeco.pytorch.global.torch.relu;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Conv2dOptions;
import org.bytedeco.pytorch.EmbeddingImpl;
import org.bytedeco.pytorch.LSTMImpl;
import org.bytedeco.pytorch.LSTMOptions;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TransformerEncoderImpl;
import org.bytedeco.pytorch.TransformerEncoderLayerOptions;
import org.bytedeco.pytorch.TransformerEncoderOptions;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The models of {@code tutti bench step} from libtorch's own modules, each with a batch of its inputs. */
abstract class TorchNets {
    final Module module = new Module();
    final Tensor x;
    /** One for each row of the logits. */
    final Tensor labels;

    private TorchNets(Tensor x, Tensor labels) {
        this.x = x;
        this.labels = labels;
    }

    /** Logits [rows, outputs]. */
    abstract Tensor forward();

    static TorchNets named(String model) {
        return switch (model) {
            case "mlp" -> new Mlp(128, 784, 256, 128, 64, 10);
            case "lenet" -> new LeNet(64);
            case "lstm" -> new Lstm(64, 28, 256, 2);
            case "transformer" -> new Transformer(8, 128, 256, 4, 4);
            default -> throw new IllegalArgumentException("no model " + model);
        };
    }

    private static Tensor classes(long rows, long classes) {
        return randint(0L, classes, new long[] {rows}).to(ScalarType.Long);
    }

    /** Dense layers with relu between. */
    private static final class Mlp extends TorchNets {
        private final List<LinearImpl> layers = new ArrayList<>();

        Mlp(int batch, int... sizes) {
            super(randn(batch, sizes[0]), classes(batch, sizes[sizes.length - 1]));
            for (int i = 0; i + 1 < sizes.length; i++) {
                layers.add(module.register_module("l" + i, new LinearImpl(sizes[i], sizes[i + 1])));
            }
        }

        @Override
        Tensor forward() {
            Tensor y = x;
            for (int i = 0; i < layers.size(); i++) {
                y = layers.get(i).forward(y);
                y = i < layers.size() - 1 ? relu(y) : y;
            }
            return y;
        }
    }

    /** LeNet-5. */
    private static final class LeNet extends TorchNets {
        private final Conv2dImpl conv1;
        private final Conv2dImpl conv2;
        private final LinearImpl dense1 = module.register_module("f1", new LinearImpl(400, 120));
        private final LinearImpl dense2 = module.register_module("f2", new LinearImpl(120, 84));
        private final LinearImpl dense3 = module.register_module("f3", new LinearImpl(84, 10));

        LeNet(int batch) {
            super(randn(batch, 1, 28, 28), classes(batch, 10));
            Conv2dOptions options = new Conv2dOptions(1, 6, new LongPointer(5, 5));
            options.padding().put(new LongPointer(2, 2));
            conv1 = module.register_module("c1", new Conv2dImpl(options));
            conv2 = module.register_module("c2", new Conv2dImpl(6, 16, new LongPointer(5, 5)));
        }

        @Override
        Tensor forward() {
            Tensor y = max_pool2d(relu(conv1.forward(x)), 2, 2);
            y = max_pool2d(relu(conv2.forward(y)), 2, 2).view(-1, 400);
            return dense3.forward(relu(dense2.forward(relu(dense1.forward(y)))));
        }
    }

    /** Rows of an image as time steps. */
    private static final class Lstm extends TorchNets {
        private final LSTMImpl lstm;
        private final LinearImpl dense;

        Lstm(int batch, int size, int hidden, int layers) {
            super(randn(batch, size, size), classes(batch, 10));
            LSTMOptions options = new LSTMOptions(size, hidden);
            options.num_layers().put(layers);
            options.batch_first().put(true);
            lstm = module.register_module("r", new LSTMImpl(options));
            dense = module.register_module("f", new LinearImpl(hidden, 10));
        }

        @Override
        Tensor forward() {
            return dense.forward(lstm.forward(x).get0().select(1, -1));
        }
    }

    /** An encoder; time comes first, as that is this module's default. */
    private static final class Transformer extends TorchNets {
        private static final int VOCABULARY = 256;

        private final EmbeddingImpl embedding;
        private final TransformerEncoderImpl encoder;
        private final LinearImpl dense;
        private final Tensor positions;

        Transformer(int batch, int time, int width, int heads, int layers) {
            super(
                    randint(0L, VOCABULARY, new long[] {time, batch}).to(ScalarType.Long),
                    classes((long) time * batch, VOCABULARY));
            embedding = module.register_module("e", new EmbeddingImpl(VOCABULARY, width));
            TransformerEncoderLayerOptions options = new TransformerEncoderLayerOptions(width, heads);
            options.dim_feedforward().put(4L * width);
            options.dropout().put(0.0);
            encoder = module.register_module(
                    "t", new TransformerEncoderImpl(new TransformerEncoderOptions(options, layers)));
            dense = module.register_module("f", new LinearImpl(width, VOCABULARY));
            positions = module.register_parameter("p", randn(time, 1, width));
        }

        @Override
        Tensor forward() {
            return dense.forward(encoder.forward(embedding.forward(x).add(positions)))
                    .reshape(-1, VOCABULARY);
        }
    }
}
