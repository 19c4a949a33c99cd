package dev.tutti.tensor.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.tensor.backend.Execution;
import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.Initializer;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Memory besides tensors. */
@ExtendWith(EmulatedCuda.class)
class ScratchTest {
    private static final int BATCH = 64;
    private static final int WIDTH = 48;

    private final List<Long> sizes = new ArrayList<>();
    /** Whose n-th block is at n. */
    private final Scratch scratch = new Scratch(bytes -> {
        sizes.add(bytes);
        return sizes.size();
    });

    @Test
    void anInstructionHasBlocksOfItsOwnAndTheNextHasThemAgain() {
        assertThat(scratch.take(100)).isEqualTo(1);
        assertThat(scratch.take(100)).isEqualTo(2);
        scratch.next();
        assertThat(scratch.take(80)).isNotEqualTo(scratch.take(80));
        assertThat(sizes).containsExactly(100L, 100L);
    }

    @Test
    void theSmallestBlockThatIsLargeEnoughIsTaken() {
        scratch.take(1000);
        scratch.take(10);
        scratch.next();
        assertThat(scratch.take(8)).isEqualTo(2);
        assertThat(scratch.take(1000)).isEqualTo(1);
        assertThat(scratch.take(1)).isEqualTo(3);
    }

    /** A GELU in 16 bits has its sums in f32, and a copy of its bias. */
    @Test
    void layersShareWhatTheyNeedBesidesActivations() {
        long few = arenaByteSize(3);
        assertThat(arenaByteSize(12)).isEqualTo(few);
        assertThat(few).isGreaterThan((long) BATCH * WIDTH * Float.BYTES);
    }

    private static long arenaByteSize(int layers) {
        try (Execution execution = new Execution(new CudaBackend(CudaDevice.open()), dense(layers))) {
            return execution.program().arenaByteSize();
        }
    }

    private static Graph dense(int layers) {
        GraphBuilder builder = new GraphBuilder();
        Tensor x = builder.input("x", ElementType.BF16, Shape.of(BATCH, WIDTH));
        for (int i = 0; i < layers; i++) {
            Tensor weight = builder.parameter("weight" + i, Shape.of(WIDTH, WIDTH), new Initializer.Uniform(1));
            Tensor bias = builder.parameter("bias" + i, Shape.of(WIDTH), new Initializer.Uniform(1));
            Tensor narrow = builder.add("narrow" + i, new ElementwiseOp.Cast(weight, ElementType.BF16));
            x = builder.add("y" + i, new MatrixOp.Dense(x, narrow, bias, Activation.GELU, ElementType.BF16));
        }
        builder.output("y", x);
        return builder.build();
    }
}
