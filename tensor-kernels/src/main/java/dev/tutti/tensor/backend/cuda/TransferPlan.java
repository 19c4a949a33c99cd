package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.Parameter;
import dev.tutti.tensor.graph.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.IntBinaryOperator;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/**
 * In which pieces parameters go to the device while a run has begun already, and gradients come back while it goes on: each piece some megabytes of
 * tensors that are needed, or final, one after the other.
 *
 * @param uploads in the order in which they are needed
 * @param downloads in the order in which they are final
 */
record TransferPlan(List<Piece> uploads, List<Piece> downloads) {
    /** Some 80 µs of a copy, which hides what it takes to begin one. */
    static final long PIECE_BYTES = 4L << 20;

    /** Bytes of the flat space. */
    record Range(long begin, long count) {}

    /**
     * What is copied at once.
     *
     * @param instruction the first that needs any of it; or the last that writes any of it, −1 if none does
     * @param parameters whose tensors it has
     */
    record Piece(int instruction, List<Integer> parameters, List<Range> ranges) {}

    static TransferPlan of(Graph graph, long pieceBytes) {
        int[] needed = needed(graph);
        List<Piece> uploads = pieces(graph, parameter -> needed[parameter], Math::min, pieceBytes);
        if (graph.gradients().isEmpty()) {
            return new TransferPlan(uploads, List.of());
        }
        int[] written = written(graph);
        return new TransferPlan(uploads, pieces(graph, parameter -> written[parameter], Math::max, pieceBytes));
    }

    /** By parameter, the first instruction that reads it; behind all if none does. */
    private static int[] needed(Graph graph) {
        List<Instruction> instructions = graph.instructions();
        List<Tensor> tensors = graph.parameterTensors();
        return tensors.stream()
                .mapToInt(tensor -> IntStream.range(0, instructions.size())
                        .filter(i -> instructions.get(i).op().operands().contains(tensor))
                        .findFirst()
                        .orElse(instructions.size()))
                .toArray();
    }

    /** By parameter, the instruction that gives its gradient. */
    private static int[] written(Graph graph) {
        List<Instruction> instructions = graph.instructions();
        return graph.gradients().stream()
                .mapToInt(tensor -> IntStream.range(0, instructions.size())
                        .filter(i -> instructions.get(i).results().contains(tensor))
                        .findFirst()
                        .orElse(-1))
                .toArray();
    }

    private static List<Piece> pieces(
            Graph graph, IntUnaryOperator instruction, IntBinaryOperator both, long pieceBytes) {
        List<Piece> pieces = new ArrayList<>();
        List<Integer> waiting = new ArrayList<>();
        long bytes = 0;
        List<Integer> inOrder = IntStream.range(0, graph.parameters().size())
                .boxed()
                .sorted(Comparator.comparingInt(instruction::applyAsInt))
                .toList();
        for (int parameter : inOrder) {
            waiting.add(parameter);
            bytes += graph.parameters().get(parameter).elementCount() * Float.BYTES;
            if (bytes >= pieceBytes) {
                pieces.add(piece(graph, waiting, instruction, both));
                waiting.clear();
                bytes = 0;
            }
        }
        if (!waiting.isEmpty()) {
            pieces.add(piece(graph, waiting, instruction, both));
        }
        return List.copyOf(pieces);
    }

    private static Piece piece(
            Graph graph, List<Integer> parameters, IntUnaryOperator instruction, IntBinaryOperator both) {
        int at = parameters.stream()
                .mapToInt(Integer::intValue)
                .map(instruction)
                .reduce(both)
                .orElseThrow();
        return new Piece(at, List.copyOf(parameters), ranges(graph, parameters));
    }

    /** Neighbours as one. */
    private static List<Range> ranges(Graph graph, List<Integer> parameters) {
        List<Range> ranges = new ArrayList<>();
        for (int index : parameters.stream().sorted().toList()) {
            Parameter parameter = graph.parameters().get(index);
            Range range = new Range(parameter.offset() * Float.BYTES, parameter.elementCount() * Float.BYTES);
            if (!ranges.isEmpty() && ranges.getLast().begin + ranges.getLast().count == range.begin) {
                Range last = ranges.removeLast();
                range = new Range(last.begin, last.count + range.count);
            }
            ranges.add(range);
        }
        return List.copyOf(ranges);
    }
}
