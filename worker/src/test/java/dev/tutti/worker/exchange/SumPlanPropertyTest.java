package dev.tutti.worker.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.wire.SliceTree;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SumPlanPropertyTest {
    @Test
    void aRunIsSummedInTheOrderOfTheTreeAndPushedAsItsMaximalNodes() {
        for (int slices = 1; slices <= 20; slices++) {
            SliceTree tree = new SliceTree(slices);
            for (int begin = 0; begin < slices; begin++) {
                for (int end = begin + 1; end <= slices; end++) {
                    List<String> expected = tree.maximalNodes(begin, end).stream()
                            .map(node -> expression(tree.begin(node), tree.end(node)))
                            .toList();
                    assertThat(pushes(tree, begin, end))
                            .as("slices [%d, %d) of %d", begin, end, slices)
                            .isEqualTo(expected);
                }
            }
        }
    }

    @Test
    void partialSumsGiveTheBitsOfTheTree() {
        Random random = new Random(17);
        int elements = 33;
        for (int slices : new int[] {2, 3, 5, 8, 13}) {
            float[][] gradients = IntStream.range(0, slices)
                    .mapToObj(_ -> floats(random, elements))
                    .toArray(float[][]::new);
            SliceTree tree = new SliceTree(slices);
            SumPlan plan = new SumPlan(tree, 0, slices);
            try (Arena arena = Arena.ofConfined()) {
                PartialSums sums = new PartialSums(new ChunkBuffers(arena, elements * 4L + 64), 1);
                MemorySegment result = MemorySegment.NULL;
                for (int slice = 0; slice < slices; slice++) {
                    MemorySegment gradient = arena.allocateFrom(ValueLayout.JAVA_FLOAT, gradients[slice]);
                    SumPlan.Turn turn = plan.turn(slice);
                    if (turn.complete()) {
                        result = sums.merge(0, gradient, turn.merges());
                    } else {
                        sums.hold(0, gradient, turn.merges());
                    }
                }
                float[] sum = result.asSlice(0, elements * 4L).toArray(ValueLayout.JAVA_FLOAT);
                assertThat(sum).as("%d slices", slices).isEqualTo(treeSum(gradients, 0, slices));
            }
        }
    }

    private static List<String> pushes(SliceTree tree, int begin, int end) {
        SumPlan plan = new SumPlan(tree, begin, end);
        Deque<String> waiting = new ArrayDeque<>();
        List<String> pushes = new ArrayList<>();
        for (int slice = begin; slice < end; slice++) {
            SumPlan.Turn turn = plan.turn(slice);
            String value = String.valueOf(slice);
            for (int i = 0; i < turn.merges(); i++) {
                value = "(" + waiting.pop() + "+" + value + ")";
            }
            if (turn.complete()) {
                assertThat(value).isEqualTo(expression(turn.begin(), turn.end()));
                pushes.add(value);
            } else {
                waiting.push(value);
            }
        }
        assertThat(waiting).isEmpty();
        return pushes;
    }

    /** The tree's sum over slices, straight from its definition: the left half is the largest power of two below the size. */
    private static String expression(int begin, int end) {
        if (end - begin == 1) {
            return String.valueOf(begin);
        }
        int middle = begin + Integer.highestOneBit(end - begin - 1);
        return "(" + expression(begin, middle) + "+" + expression(middle, end) + ")";
    }

    private static float[] treeSum(float[][] gradients, int begin, int end) {
        if (end - begin == 1) {
            return gradients[begin];
        }
        int middle = begin + Integer.highestOneBit(end - begin - 1);
        float[] left = treeSum(gradients, begin, middle);
        float[] right = treeSum(gradients, middle, end);
        float[] sum = new float[left.length];
        for (int i = 0; i < sum.length; i++) {
            sum[i] = left[i] + right[i];
        }
        return sum;
    }

    private static float[] floats(Random random, int count) {
        float[] floats = new float[count];
        for (int i = 0; i < count; i++) {
            floats[i] = (float) (random.nextGaussian() * Math.exp(random.nextGaussian() * 4));
        }
        return floats;
    }
}
