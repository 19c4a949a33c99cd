package dev.tutti.tensor.peer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tutti.tensor.optimizer.Regularization;
import dev.tutti.tensor.optimizer.Sgd;
import dev.tutti.tensor.optimizer.SliceOptimizer;
import dev.tutti.tensor.optimizer.SquareSum;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The factor by which a job's gradients are clipped, as {@code StepRule} has it, against libtorch's {@code clip_grad_norm_}. */
class TorchClippingTest {
    private static final int[] SIZES = {3000, 7, 20_000};

    @ParameterizedTest
    @ValueSource(doubles = {1e-3, 1, 50, 1e6})
    void gradientsOfSeveralTensorsAreClippedAlike(double bound) {
        try (PointerScope _ = new PointerScope();
                Arena arena = Arena.ofConfined()) {
            SplittableRandom random = new SplittableRandom(3);
            TensorVector theirs = new TensorVector();
            List<MemorySegment> ours = new ArrayList<>();
            BigInteger squares = BigInteger.ZERO;
            for (int size : SIZES) {
                float[] gradient = new float[size];
                for (int i = 0; i < size; i++) {
                    gradient[i] = (float) random.nextDouble(-1, 1);
                }
                Tensor parameter = torch.tensor(new float[size]).clone().set_requires_grad(true);
                parameter.mutable_grad().put(torch.tensor(gradient).clone());
                theirs.push_back(parameter);
                MemorySegment segment = arena.allocateFrom(JAVA_FLOAT, gradient);
                ours.add(segment);
                SquareSum sum = new SquareSum();
                sum.add(segment, size);
                squares = squares.add(sum.value());
            }
            double norm = Math.sqrt(Math.scalb(squares.doubleValue(), -298));

            assertThat(torch.clip_grad_norm_(theirs, bound)).isEqualTo(norm, within(norm * 1e-5));

            float factor = (float) Math.min(1, bound / (norm + 1e-6));
            for (int i = 0; i < SIZES.length; i++) {
                float[] clipped = new float[SIZES[i]];
                new FloatPointer(theirs.get(i).grad().data_ptr()).get(clipped);
                assertThat(moved(arena, ours.get(i), factor, SIZES[i])).containsExactly(clipped, within(1e-6f));
            }
        }
    }

    /** Where SGD with rate 1 moves zeros to, the other way round: the gradient as it is applied. */
    private static float[] moved(Arena arena, MemorySegment gradient, float factor, int size) {
        MemorySegment parameters = arena.allocate(JAVA_FLOAT, size);
        new SliceOptimizer(new Sgd(1, 0), Regularization.NONE)
                .apply(parameters, parameters, gradient, factor, List.of(), size, 1);
        float[] moved = parameters.toArray(JAVA_FLOAT);
        for (int i = 0; i < size; i++) {
            moved[i] = -moved[i];
        }
        return moved;
    }
}
