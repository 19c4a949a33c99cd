package dev.tutti.parameterserver.shard;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.SliceTree;
import dev.tutti.proto.wire.SliceTree.Node;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** However many workers share the slices, in whatever order and however often their gradients come, and whatever generation dies: the same bits. */
class SameBitsPropertyTest {
    private static final Path UNUSED = Path.of("unused");
    private static final int STEPS = 4;
    private static final int[] CHUNKS = {16, 16, 15};

    @Test
    void parametersDoNotDependOnHowTheStepsAreSpread() {
        parametersDoNotDependOnHowTheWorkIsSpread(Jobs::synchronous);
    }

    @Test
    void parametersDoNotDependOnHowTheRoundsAreSpread() {
        parametersDoNotDependOnHowTheWorkIsSpread(Jobs::local);
    }

    private static void parametersDoNotDependOnHowTheWorkIsSpread(BiFunction<Integer, Path, ShardSettings> job) {
        for (int slices : new int[] {1, 2, 3, 5, 7, 8, 13}) {
            List<int[]> expected = train(job.apply(slices, UNUSED), 1, new Random(0), false);
            for (int workers : new int[] {1, 2, 3, 7}) {
                for (int seed = 0; seed < 10; seed++) {
                    Random random = new Random(seed);
                    assertSame(
                            expected,
                            train(job.apply(slices, UNUSED), Math.min(workers, slices), random, true),
                            slices,
                            workers,
                            seed);
                }
            }
        }
    }

    private static void assertSame(List<int[]> expected, List<int[]> got, int slices, int workers, int seed) {
        for (int chunk = 0; chunk < CHUNKS.length; chunk++) {
            assertThat(got.get(chunk))
                    .as("chunk %d, %d slices, %d workers, seed %d", chunk, slices, workers, seed)
                    .isEqualTo(expected.get(chunk));
        }
    }

    /** Bits of the parameters after some steps. */
    private static List<int[]> train(ShardSettings settings, int workers, Random random, boolean disturbed) {
        int slices = settings.slices();
        ParameterServerMetrics metrics = new ParameterServerMetrics(new SimpleMeterRegistry());
        try (Shard shard = new Shard(settings, metrics, new RecordedCheckpoints())) {
            RecordingStream stream = new RecordingStream();
            long generation = 1;
            shard.fence(generation);
            shard.open(stream, Jobs.open(generation, 0));
            for (int step = 1; step <= STEPS; step++) {
                if (disturbed && random.nextInt(3) == 0) {
                    List<ExchangeFrame> lost = frames(generation, step, slices, workers, random);
                    lost.subList(0, random.nextInt(lost.size())).forEach(frame -> shard.receive(stream, frame));
                    generation++;
                    shard.fence(generation);
                    shard.left(stream);
                    shard.open(stream, Jobs.open(generation, step - 1));
                }
                List<ExchangeFrame> frames = frames(generation, step, slices, workers, random);
                if (disturbed) {
                    Collections.shuffle(frames, random);
                }
                frames.forEach(frame -> shard.receive(stream, frame));
                assertThat(stream.refused).isNull();
                assertThat(shard.completeStep()).isEqualTo(step);
            }
            List<int[]> bits = new ArrayList<>();
            for (int chunk = 0; chunk < CHUNKS.length; chunk++) {
                bits.add(bits(stream.parameters(chunk)));
            }
            return bits;
        }
    }

    private static List<ExchangeFrame> frames(long generation, int step, int slices, int workers, Random random) {
        SliceTree tree = new SliceTree(slices);
        List<ExchangeFrame> frames = new ArrayList<>();
        for (int worker = 0; worker < workers; worker++) {
            int begin = worker * slices / workers;
            int end = (worker + 1) * slices / workers;
            for (Node node : tree.maximalNodes(begin, end)) {
                for (int chunk = 0; chunk < CHUNKS.length; chunk++) {
                    for (int copies = 1 + random.nextInt(2); copies > 0; copies--) {
                        frames.add(Jobs.push(
                                generation,
                                step,
                                chunk,
                                tree.begin(node),
                                tree.end(node),
                                gradient(tree, node, step, chunk)));
                    }
                }
            }
        }
        return frames;
    }

    /** What a worker sums by itself: the tree's definition, on the slices of one node. */
    private static float[] gradient(SliceTree tree, Node node, int step, int chunk) {
        if (tree.end(node) - tree.begin(node) == 1) {
            Random random = new Random(step * 1_000_003L + tree.begin(node) * 101L + chunk);
            float[] gradient = new float[CHUNKS[chunk]];
            for (int i = 0; i < gradient.length; i++) {
                gradient[i] = (float) (random.nextGaussian() * Math.pow(10, random.nextInt(6) - 3));
            }
            return gradient;
        }
        float[] left = gradient(tree, new Node(node.level() - 1, 2 * node.index()), step, chunk);
        Node right = new Node(node.level() - 1, 2 * node.index() + 1);
        if (tree.begin(right) >= tree.slices()) {
            return left;
        }
        float[] sum = gradient(tree, right, step, chunk);
        for (int i = 0; i < sum.length; i++) {
            sum[i] = left[i] + sum[i];
        }
        return sum;
    }

    private static int[] bits(float[] floats) {
        return IntStream.range(0, floats.length)
                .map(i -> Float.floatToRawIntBits(floats[i]))
                .toArray();
    }
}
