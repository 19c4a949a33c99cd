package dev.tutti.tensor.lowering;

import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ConvolutionOp;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.graph.Window;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Makes one {@link ConvolutionOp.Conv2dMaxPool} of convolution, relu and max-pooling of 2×2 pixels, and one {@link ConvolutionOp.MaxPoolScatter} of the
 * gradients of the last two: what lies between is four times as large as what remains, and is written nowhere.
 */
public final class PoolFusion {
    private static final Window PAIRS = Window.square(2, 2, 0);

    private final Graph graph;
    private final GraphUses uses;
    /** By the pooled tensor that it stands for. */
    private final Map<Tensor, Chain> forward = new HashMap<>();
    /** By the gradient of the convolution's result. */
    private final Map<Tensor, Chain> backward = new HashMap<>();

    private final Set<Tensor> fused = new HashSet<>();
    private final Map<Tensor, List<Tensor>> replaced = new HashMap<>();

    /** The convolution, its relu's output, what is pooled of that, and the way back if there is one. */
    private record Chain(ConvolutionOp.Conv2d conv, Tensor relu, Tensor pooled, List<Instruction> gradients) {}

    private PoolFusion(Graph graph) {
        this.graph = graph;
        this.uses = new GraphUses(graph);
    }

    /** The same results in fewer instructions. */
    public static Graph fuse(Graph graph) {
        return new PoolFusion(graph).fuse();
    }

    private Graph fuse() {
        for (Instruction instruction : graph.instructions()) {
            if (instruction.op() instanceof ConvolutionOp.Conv2d conv) {
                find(conv, instruction.result());
            }
        }
        GraphBuilder builder = GraphBuilder.rewriting(graph);
        for (Instruction instruction : graph.instructions()) {
            Tensor result = instruction.result();
            Chain ahead = forward.get(result);
            Chain back = backward.get(result);
            if (ahead != null) {
                ConvolutionOp.Conv2d conv = ahead.conv;
                replaced.put(
                        result,
                        builder.addAll(
                                result.name(),
                                new ConvolutionOp.Conv2dMaxPool(
                                        replacement(conv.x()),
                                        conv.weight(),
                                        conv.bias(),
                                        conv.window(),
                                        conv.groups(),
                                        conv.layout())));
            } else if (back != null) {
                builder.append(result, scatter(back));
            } else if (!fused.contains(result)) {
                builder.append(instruction.results(), instruction.op().with(this::replacement));
            }
        }
        return builder.keeping(graph).build();
    }

    private ConvolutionOp.MaxPoolScatter scatter(Chain chain) {
        Tensor gradient = chain.gradients.getFirst().op().operands().getFirst();
        Tensor places = results(chain.pooled).get(1);
        var layout = chain.conv.layout();
        return new ConvolutionOp.MaxPoolScatter(
                replacement(gradient),
                places,
                layout.height(chain.relu.shape()),
                layout.width(chain.relu.shape()),
                layout);
    }

    private Tensor replacement(Tensor tensor) {
        return results(tensor).getFirst();
    }

    private List<Tensor> results(Tensor tensor) {
        return replaced.getOrDefault(tensor, List.of(tensor));
    }

    private void find(ConvolutionOp.Conv2d conv, Tensor sum) {
        List<Instruction> relus = uses.consumers(sum);
        if (relus.size() != 1
                || !(relus.getFirst().op() instanceof ElementwiseOp.Activate(var _, var activation))
                || activation != Activation.RELU) {
            return;
        }
        Tensor relu = relus.getFirst().result();
        List<Tensor> pools = new ArrayList<>();
        List<Instruction> gradients = new ArrayList<>();
        for (Instruction consumer : uses.consumers(relu)) {
            switch (consumer.op()) {
                case ConvolutionOp.MaxPool(var _, var window, var _)
                when window.equals(PAIRS) -> pools.add(consumer.result());
                case ConvolutionOp.MaxPoolGradient _, ElementwiseOp.ActivateGradient _ -> gradients.add(consumer);
                default -> {
                    return;
                }
            }
        }
        if (pools.size() != 1
                || uses.isVisible(sum)
                || uses.isVisible(relu)
                || uses.isVisible(pools.getFirst())
                || !(gradients.isEmpty() || areThoseOf(relu, gradients))) {
            return;
        }
        Tensor pooled = pools.getFirst();
        Chain chain = new Chain(conv, relu, pooled, gradients);
        fused.add(sum);
        fused.add(relu);
        forward.put(pooled, chain);
        if (!gradients.isEmpty()) {
            fused.add(gradients.getFirst().result());
            backward.put(gradients.getLast().result(), chain);
        }
    }

    /** Whether these are the gradient of the pooling and then that of the relu, with nobody else between. */
    private boolean areThoseOf(Tensor relu, List<Instruction> gradients) {
        return gradients.size() == 2
                && gradients.get(0).op()
                        instanceof ConvolutionOp.MaxPoolGradient(var gradient, var x, var window, var _)
                && gradients.get(1).op() instanceof ElementwiseOp.ActivateGradient(var part, var saved, var activation)
                && x.equals(relu)
                && saved.equals(relu)
                && !gradient.equals(relu)
                && part.equals(gradients.get(0).result())
                && window.equals(PAIRS)
                && activation == Activation.RELU
                && uses.consumers(part).size() == 1
                && !uses.isVisible(part);
    }
}
