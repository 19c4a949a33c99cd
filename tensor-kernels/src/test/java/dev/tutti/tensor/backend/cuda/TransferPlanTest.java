package dev.tutti.tensor.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.tensor.backend.cuda.TransferPlan.Piece;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.model.ModelSpec;
import dev.tutti.tensor.model.Models;
import dev.tutti.tensor.model.Objective;
import dev.tutti.tensor.model.Task;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TransferPlanTest {
    private static final Graph GRAPH = Models.training(
            ModelSpec.mlp(20, List.of(30, 10), 5), Objective.of(Task.CROSS_ENTROPY), 4, ElementType.BF16);

    @ParameterizedTest
    @ValueSource(longs = {1, 200, 1000, 1 << 20})
    void everyParameterIsInOnePieceOfEachDirection(long pieceBytes) {
        TransferPlan plan = TransferPlan.of(GRAPH, pieceBytes);
        for (List<Piece> pieces : List.of(plan.uploads(), plan.downloads())) {
            assertThat(pieces.stream().flatMap(piece -> piece.parameters().stream()))
                    .containsExactlyInAnyOrderElementsOf(
                            IntStream.range(0, GRAPH.parameters().size())
                                    .boxed()
                                    .toList());
            assertThat(pieces.stream().mapToLong(TransferPlanTest::bytes).sum())
                    .isEqualTo(GRAPH.parameterElements() * Float.BYTES);
            assertThat(pieces.subList(0, pieces.size() - 1))
                    .allSatisfy(piece -> assertThat(bytes(piece)).isGreaterThanOrEqualTo(pieceBytes));
        }
    }

    @Test
    void piecesGoBeforeTheyAreReadAndComeAfterTheyAreWritten() {
        TransferPlan plan = TransferPlan.of(GRAPH, 1);
        for (Piece piece : plan.uploads()) {
            for (int parameter : piece.parameters()) {
                int first = IntStream.range(0, GRAPH.instructions().size())
                        .filter(i -> GRAPH.instructions()
                                .get(i)
                                .op()
                                .operands()
                                .contains(GRAPH.parameterTensors().get(parameter)))
                        .findFirst()
                        .orElseThrow();
                assertThat(piece.instruction()).isEqualTo(first);
            }
        }
        for (Piece piece : plan.downloads()) {
            for (int parameter : piece.parameters()) {
                assertThat(GRAPH.instructions().get(piece.instruction()).results())
                        .contains(GRAPH.gradients().get(parameter));
            }
        }
        assertThat(plan.downloads().getFirst().parameters()).first().isIn(4, 5);
        assertThat(plan.downloads()).extracting(Piece::instruction).isSorted();
        assertThat(plan.uploads()).extracting(Piece::instruction).isSorted();
    }

    @Test
    void neighboursAreOneCopy() {
        TransferPlan plan = TransferPlan.of(GRAPH, 1 << 20);
        assertThat(plan.uploads()).hasSize(1);
        assertThat(plan.uploads().getFirst().ranges())
                .containsExactly(new TransferPlan.Range(0, GRAPH.parameterElements() * Float.BYTES));
    }

    private static long bytes(Piece piece) {
        return piece.ranges().stream().mapToLong(TransferPlan.Range::count).sum();
    }
}
