package dev.tutti.tensor.lowering;

import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.Tensor;
import java.util.HashMap;
import java.util.Map;

/** Which tensors share the memory of another: what a {@link LayoutOp.Reshape} gives, unless it is a parameter's gradient, which has its own place. */
final class Aliases {
    private final Map<Tensor, Tensor> roots = new HashMap<>();

    Aliases(Graph graph) {
        for (Instruction instruction : graph.instructions()) {
            if (instruction.op() instanceof LayoutOp.Reshape(var x, var _)
                    && !graph.gradients().contains(instruction.result())) {
                roots.put(instruction.result(), root(x));
            }
        }
    }

    /** The tensor in whose memory this one lies; itself for most. */
    Tensor root(Tensor tensor) {
        return roots.getOrDefault(tensor, tensor);
    }

    boolean isAlias(Tensor tensor) {
        return roots.containsKey(tensor);
    }
}
