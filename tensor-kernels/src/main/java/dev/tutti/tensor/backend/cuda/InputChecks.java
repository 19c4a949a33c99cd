package dev.tutti.tensor.backend.cuda;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.LossOp;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Function;

/**
 * What a device cannot refuse in words: labels and ids that would be looked for outside of a row or a table. Held against what the inputs have on the
 * host, before a run.
 */
final class InputChecks {
    private final List<Check> checks;

    /** @param message with a place for index, number and the largest that is right */
    private record Check(Tensor input, int end, OptionalInt exempt, String message) {
        void on(MemorySegment numbers) {
            for (long i = 0; i < input.elementCount(); i++) {
                int number = numbers.getAtIndex(JAVA_INT, i);
                if ((number < 0 || number >= end) && (exempt.isEmpty() || exempt.getAsInt() != number)) {
                    throw new IllegalArgumentException(message.formatted(i, number, end - 1));
                }
            }
        }
    }

    InputChecks(Graph graph) {
        List<Check> found = new ArrayList<>();
        Map<Tensor, Tensor> reshaped = new HashMap<>();
        graph.inputs().forEach(input -> reshaped.put(input, input));
        for (Instruction instruction : graph.instructions()) {
            switch (instruction.op()) {
                case LayoutOp.Reshape(var x, var _)
                when reshaped.containsKey(x) -> reshaped.put(instruction.result(), reshaped.get(x));
                case LossOp.CrossEntropy(var logits, var labels, var _, var ignored)
                when reshaped.containsKey(labels) ->
                    found.add(new Check(
                            reshaped.get(labels),
                            logits.shape().last(),
                            ignored,
                            "the label of row %d is %d, expected 0 to %d"));
                case SequenceOp.Embedding(var table, var ids)
                when reshaped.containsKey(ids) ->
                    found.add(new Check(
                            reshaped.get(ids),
                            table.shape().size(0),
                            OptionalInt.empty(),
                            "the id at %d is %d, expected 0 to %d"));
                default -> {}
            }
        }
        this.checks = List.copyOf(found);
    }

    /** @throws IllegalArgumentException saying which number of which input is wrong */
    void run(Function<Tensor, MemorySegment> memory) {
        checks.forEach(check -> check.on(memory.apply(check.input)));
    }
}
