package dev.tutti.tensor.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.tensor.backend.cuda.Transposition.Matrices;
import dev.tutti.tensor.backend.cuda.Transposition.Run;
import dev.tutti.tensor.graph.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

class TranspositionTest {
    @Test
    void axesThatStayTogetherAreOne() {
        Transposition heads = Transposition.of(Shape.of(2, 3, 4, 5), List.of(0, 2, 1, 3));
        assertThat(heads.runs()).containsExactly(new Run(2, 60), new Run(4, 5), new Run(3, 20), new Run(5, 1));
        Transposition pairs = Transposition.of(Shape.of(2, 3, 4, 5), List.of(2, 3, 0, 1));
        assertThat(pairs.runs()).containsExactly(new Run(20, 1), new Run(6, 20));
    }

    @Test
    void axesOfOneElementAreNone() {
        Transposition ones = Transposition.of(Shape.of(3, 1, 4), List.of(1, 0, 2));
        assertThat(ones.runs()).containsExactly(new Run(12, 1));
        assertThat(ones.matrices()).isEmpty();
    }

    @Test
    void theLastTwoRunsAreMatrices() {
        assertThat(Transposition.of(Shape.of(4, 5), List.of(1, 0)).matrices()).contains(new Matrices(1, 4, 5));
        assertThat(Transposition.of(Shape.of(2, 3, 4, 5), List.of(0, 1, 3, 2)).matrices())
                .contains(new Matrices(6, 4, 5));
        assertThat(Transposition.of(Shape.of(2, 3, 4, 5), List.of(0, 2, 3, 1)).matrices())
                .contains(new Matrices(2, 3, 20));
    }

    @Test
    void othersAreNone() {
        assertThat(Transposition.of(Shape.of(3, 4, 5), List.of(1, 0, 2)).matrices())
                .isEmpty();
        assertThat(Transposition.of(Shape.of(3, 4, 5), List.of(2, 1, 0)).matrices())
                .isEmpty();
        assertThat(Transposition.of(Shape.of(2, 3, 4, 5), List.of(3, 2, 1, 0)).matrices())
                .isEmpty();
        assertThat(Transposition.of(Shape.of(1, 1), List.of(1, 0)).runs()).isEmpty();
    }
}
