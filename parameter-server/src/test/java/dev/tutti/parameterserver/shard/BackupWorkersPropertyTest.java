package dev.tutti.parameterserver.shard;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.SliceTree;
import dev.tutti.proto.wire.SliceTree.Node;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Workers of any speed: a step is the first N − b gradients of each chunk, scaled to the whole step; what comes later changes nothing. */
class BackupWorkersPropertyTest {
    private static final int[] CHUNKS = {16, 16, 15};
    private static final int STEPS = 5;
    private static final int SEEDS = 300;
    private static final int ROWS_OF_SLICE = 3;

    @Test
    void aStepIsTheFirstGradientsAndNoLateOne() {
        for (long seed = 0; seed < SEEDS; seed++) {
            try (Simulation simulation = new Simulation(new Random(seed))) {
                simulation.run();
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
            }
        }
    }

    @Test
    void aWorkerThatComesLateGoesOnWithTheNewestStep() {
        try (Simulation simulation = new Simulation(new Random(1))) {
            simulation.run();
            RecordingStream late = new RecordingStream();
            simulation.shard.open(late, Jobs.open(1, 0));

            assertThat(late.refused).isNull();
            assertThat(late.takeVersions()).containsExactly("0@5", "1@5", "2@5");
        }
    }

    private static final class Simulation implements AutoCloseable {
        private final Random random;
        private final int workers;
        private final int backupWorkers;
        private final SliceTree tree;
        private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
        private final Shard shard;
        private final RecordingStream stream = new RecordingStream();
        private final float[] parameters = new float[CHUNKS.length];
        private final float[] velocity = new float[CHUNKS.length];
        private int late;

        Simulation(Random random) {
            this.random = random;
            this.workers = 2 + random.nextInt(5);
            this.backupWorkers = 1 + random.nextInt(workers - 1);
            int slices = workers + random.nextInt(6);
            this.tree = new SliceTree(slices);
            this.shard = new Shard(
                    Jobs.withBackupWorkers(slices, backupWorkers),
                    new ParameterServerMetrics(meters),
                    new RecordedCheckpoints());
            shard.fence(1);
            shard.open(stream, Jobs.open(1, 0));
            for (int chunk = 0; chunk < CHUNKS.length; chunk++) {
                parameters[chunk] = stream.parameters(chunk)[0];
            }
        }

        void run() {
            for (int step = 1; step <= STEPS; step++) {
                step(step);
                assertThat(shard.completeStep()).isEqualTo(step);
                assertThat(stream.refused).isNull();
            }
            repeatFirstStep();
            assertThat(meters.counter("tutti.parameter.server.late.gradients").count())
                    .isEqualTo(late);
        }

        /** All that workers push in a step, in any order, but each worker's gradients of a chunk one after the other as the tree has them. */
        private void step(int step) {
            List<Sent> frames = new ArrayList<>();
            for (int worker = 0; worker < workers; worker++) {
                for (int chunk = 0; chunk < CHUNKS.length; chunk++) {
                    frames.add(new Sent(step, worker, chunk));
                }
            }
            Collections.shuffle(frames, random);
            int[] contributions = new int[CHUNKS.length];
            float[] sums = new float[CHUNKS.length];
            int[] rows = new int[CHUNKS.length];
            for (Sent next : frames) {
                int chunk = next.chunk;
                boolean counts = contributions[chunk] < workers - backupWorkers;
                float sum = send(next);
                if (!counts) {
                    late += next.nodes().size();
                    continue;
                }
                sums[chunk] = contributions[chunk] == 0 ? sum : sums[chunk] + sum;
                rows[chunk] += next.rows();
                contributions[chunk]++;
                if (contributions[chunk] == workers - backupWorkers) {
                    int stepRows = tree.slices() * ROWS_OF_SLICE;
                    float scaled = rows[chunk] == stepRows
                            ? sums[chunk]
                            : sums[chunk] * (float) ((double) stepRows / rows[chunk]);
                    velocity[chunk] = 0.9f * velocity[chunk] + scaled;
                    parameters[chunk] -= 0.5f * velocity[chunk];
                }
                boolean complete = contributions[chunk] == workers - backupWorkers;
                if (!complete && random.nextInt(4) == 0) {
                    // What comes twice counts once.
                    send(next);
                }
                checkVersion(chunk, step, complete);
            }
        }

        /** As of a worker that has slept through all others. */
        private void repeatFirstStep() {
            for (int chunk = 0; chunk < CHUNKS.length; chunk++) {
                Sent old = new Sent(1, 0, chunk);
                send(old);
                late += old.nodes().size();
                checkVersion(chunk, STEPS, true);
            }
        }

        private void checkVersion(int chunk, int step, boolean complete) {
            long newest = stream.received.stream()
                    .filter(frame -> frame.header().hasChunk() && frame.chunk() == chunk)
                    .reduce((_, last) -> last)
                    .orElseThrow()
                    .version();
            assertThat(newest)
                    .as("chunk %d in step %d of %d workers, %d not waited for", chunk, step, workers, backupWorkers)
                    .isEqualTo(complete ? step : step - 1);
            assertThat(stream.parameters(chunk)[0]).isEqualTo(parameters[chunk]);
        }

        /** The sum of what was sent, as the shard adds it. */
        private float send(Sent sent) {
            float sum = 0;
            boolean first = true;
            for (Node node : sent.nodes()) {
                float value = (float) random.nextGaussian();
                sum = first ? value : sum + value;
                first = false;
                shard.receive(stream, sent.frame(node, value));
            }
            return sum;
        }

        @Override
        public void close() {
            shard.close();
        }

        private final class Sent {
            private final int step;
            private final int worker;
            private final int chunk;

            Sent(int step, int worker, int chunk) {
                this.step = step;
                this.worker = worker;
                this.chunk = chunk;
            }

            private int begin() {
                return worker * tree.slices() / workers;
            }

            private int end() {
                return (worker + 1) * tree.slices() / workers;
            }

            int rows() {
                return (end() - begin()) * ROWS_OF_SLICE;
            }

            List<Node> nodes() {
                return tree.maximalNodes(begin(), end());
            }

            ExchangeFrame frame(Node node, float value) {
                ExchangeFrame plain = Jobs.push(
                        1, step, chunk, tree.begin(node), tree.end(node), Jobs.constant(CHUNKS[chunk], value));
                FrameHeader.Builder header = plain.header().toBuilder();
                header.getPushBuilder()
                        .getContributionBuilder()
                        .setSliceBegin(begin())
                        .setSliceEnd(end())
                        .setWorkers(workers)
                        .setRows((tree.end(node) - tree.begin(node)) * ROWS_OF_SLICE)
                        .setStepRows(tree.slices() * ROWS_OF_SLICE);
                return new ExchangeFrame(header.build(), plain.payload());
            }
        }
    }
}
