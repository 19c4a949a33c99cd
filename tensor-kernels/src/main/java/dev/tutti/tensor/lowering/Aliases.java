package dev.tutti.tensor.lowering;

import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which tensors share the memory of another: what a {@link LayoutOp.Reshape} gives, and what an operation of {@link Overwriting} writes in the place of an
 * operand that nobody reads any more. Parameters' gradients have places of their own, and what comes from outside is never overwritten.
 */
final class Aliases {
    private static final int NEVER = Integer.MAX_VALUE;

    private final Map<Tensor, Tensor> roots = new HashMap<>();
    /** Of a root, the last instruction that reads it by any of its names. */
    private final int[] lastUse;

    private final Set<Tensor> gradients;

    Aliases(Graph graph) {
        this.gradients = new HashSet<>(graph.gradients());
        this.lastUse = lastUses(graph);
        List<Instruction> instructions = graph.instructions();
        for (int i = 0; i < instructions.size(); i++) {
            Instruction instruction = instructions.get(i);
            if (!gradients.contains(instruction.result())) {
                if (instruction.op() instanceof LayoutOp.Reshape(var x, var _)) {
                    share(instruction.result(), root(x));
                } else {
                    overwrite(instruction, i);
                }
            }
        }
    }

    /** Of each tensor by its id; of inputs, outputs and parameters, never. */
    private static int[] lastUses(Graph graph) {
        int[] lastUse = new int[graph.tensorIds()];
        Arrays.fill(lastUse, -1);
        for (int i = 0; i < graph.instructions().size(); i++) {
            for (Tensor operand : graph.instructions().get(i).op().operands()) {
                lastUse[operand.id()] = i;
            }
        }
        graph.inputs().forEach(input -> lastUse[input.id()] = NEVER);
        graph.parameterTensors().forEach(parameter -> lastUse[parameter.id()] = NEVER);
        graph.outputs().values().forEach(output -> lastUse[output.id()] = NEVER);
        graph.gradients().forEach(gradient -> lastUse[gradient.id()] = NEVER);
        return lastUse;
    }

    private void overwrite(Instruction instruction, int index) {
        Tensor result = Overwriting.result(instruction);
        for (Tensor operand : Overwriting.operands(instruction.op())) {
            Tensor root = root(operand);
            if (lastUse[root.id()] == index && operand.byteSize() == result.byteSize()) {
                share(result, root);
                return;
            }
        }
    }

    private void share(Tensor tensor, Tensor root) {
        roots.put(tensor, root);
        lastUse[root.id()] = Math.max(lastUse[root.id()], lastUse[tensor.id()]);
    }

    /** The tensor in whose memory this one lies; itself for most. */
    Tensor root(Tensor tensor) {
        return roots.getOrDefault(tensor, tensor);
    }

    boolean isAlias(Tensor tensor) {
        return roots.containsKey(tensor);
    }
}
