package dev.tutti.tensor.lowering;

import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Who writes and who reads the tensors of a graph. */
final class GraphUses {
    private final Map<Tensor, Instruction> producers = new HashMap<>();
    private final Map<Tensor, List<Instruction>> consumers = new HashMap<>();
    private final Set<Tensor> visible = new HashSet<>();

    GraphUses(Graph graph) {
        visible.addAll(graph.outputs().values());
        visible.addAll(graph.gradients());
        for (Instruction instruction : graph.instructions()) {
            instruction.results().forEach(result -> producers.put(result, instruction));
            for (Tensor operand : instruction.op().operands()) {
                consumers.computeIfAbsent(operand, _ -> new ArrayList<>()).add(instruction);
            }
        }
    }

    /** Empty for what comes from outside. */
    Optional<Instruction> producer(Tensor tensor) {
        return Optional.ofNullable(producers.get(tensor));
    }

    /** In the order in which they run; one that reads the tensor twice is there twice. */
    List<Instruction> consumers(Tensor tensor) {
        return consumers.getOrDefault(tensor, List.of());
    }

    /** Whether it is an output or a gradient. */
    boolean isVisible(Tensor tensor) {
        return visible.contains(tensor);
    }

    /** The one instruction that reads what is not visible. */
    Optional<Instruction> onlyConsumer(Tensor tensor) {
        List<Instruction> all = consumers(tensor);
        return all.size() == 1 && !isVisible(tensor) ? Optional.of(all.getFirst()) : Optional.empty();
    }
}
