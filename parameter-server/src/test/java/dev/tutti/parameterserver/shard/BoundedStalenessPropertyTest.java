package dev.tutti.parameterserver.shard;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import dev.tutti.proto.v1.Clock;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.wire.ExchangeFrame;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Workers that train, rest, come back and are lost in any order: none gets ahead too far, no clock falls, and somebody can always go on. */
class BoundedStalenessPropertyTest {
    private static final int[] CHUNKS = {16, 16, 15};
    private static final int BATCHES = 60;
    private static final int SEEDS = 300;

    @Test
    void noWorkerIsMoreThanTheBoundAheadOfTheSlowest() {
        for (int bound : new int[] {0, 1, 3, 8}) {
            for (long seed = 0; seed < SEEDS; seed++) {
                try (Simulation simulation = new Simulation(seed, bound)) {
                    simulation.run();
                } catch (AssertionError | RuntimeException e) {
                    throw new AssertionError("seed " + seed + ", bound " + bound + ": " + e.getMessage(), e);
                }
            }
        }
    }

    private static final class Simulation implements AutoCloseable {
        private final Random random;
        private final int bound;
        private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
        private final Shard shard;
        private final List<Worker> workers = new ArrayList<>();
        private int leased;
        private long applied;
        private long slowest;
        private int farthest;

        Simulation(long seed, int bound) {
            this.random = new Random(seed);
            this.bound = bound;
            this.shard = new Shard(
                    Jobs.boundedStaleness(bound), new ParameterServerMetrics(meters), new RecordedCheckpoints());
            shard.fence(1);
            IntStream.range(0, 2 + random.nextInt(4)).forEach(_ -> workers.add(new Worker()));
        }

        void run() {
            while (leased < BATCHES || workers.stream().anyMatch(Worker::isActive)) {
                List<Worker> able = workers.stream().filter(Worker::canAct).toList();
                assertThat(able).as("somebody can go on after batch %d", leased).isNotEmpty();
                // Some are faster than others.
                Worker next = able.get(Math.min(random.nextInt(able.size()), random.nextInt(able.size())));
                if (random.nextInt(60) == 0) {
                    next.isLost();
                } else {
                    next.act();
                }
                workers.forEach(Worker::takeFrames);
                checkSlowest();
            }
            assertThat(applied).isEqualTo(shard.completeStep());
            assertThat(meters.counter("tutti.parameter.server.updates").count()).isEqualTo((double) applied * 3);
            assertThat(farthest).isLessThanOrEqualTo(bound);
        }

        private void checkSlowest() {
            long now = workers.stream()
                    .filter(Worker::isActive)
                    .mapToLong(worker -> worker.clock)
                    .min()
                    .orElse(slowest);
            assertThat(now).as("the slowest clock does not fall").isGreaterThanOrEqualTo(slowest);
            slowest = now;
        }

        @Override
        public void close() {
            shard.close();
        }

        /** What a worker does, one frame at a time. */
        private final class Worker {
            private RecordingStream stream = opened();
            private boolean entering;
            private boolean active;
            private long clock;
            /** Of the batch under way: its number, and how many chunks are pushed; none if negative. */
            private int batch = -1;

            private int pushed;
            private final long[] versions = new long[CHUNKS.length];
            private int answers;
            private int left;

            private RecordingStream opened() {
                RecordingStream opened = new RecordingStream();
                shard.open(opened, Jobs.open(1, 0));
                return opened;
            }

            boolean isActive() {
                return active;
            }

            boolean canAct() {
                takeFrames();
                if (entering) {
                    return false;
                }
                return active ? pushed < CHUNKS.length || answers == 0 : leased < BATCHES;
            }

            void act() {
                if (!active) {
                    entering = true;
                    left = 1 + random.nextInt(5);
                    shard.receive(stream, clockFrame(true));
                } else if (batch < 0) {
                    begin();
                } else if (pushed < CHUNKS.length) {
                    push(pushed++);
                } else if (left > 0 && leased < BATCHES) {
                    begin();
                } else {
                    batch = -1;
                    active = false;
                    shard.receive(stream, clockFrame(false));
                }
            }

            private void begin() {
                long least = workers.stream()
                        .filter(Worker::isActive)
                        .mapToLong(worker -> worker.clock)
                        .min()
                        .orElseThrow();
                assertThat(clock - least).as("batches ahead of the slowest").isLessThanOrEqualTo(bound);
                farthest = Math.max(farthest, (int) (clock - least));
                left--;
                batch = leased++;
                pushed = 0;
            }

            private void push(int chunk) {
                answers++;
                ExchangeFrame frame = Jobs.batch(chunk, 0, batch, 1, Jobs.constant(CHUNKS[chunk], 1));
                FrameHeader.Builder header = frame.header().toBuilder();
                header.getPushBuilder().setBasedOn(versions[chunk]).setClock(clock + 1);
                if (chunk == CHUNKS.length - 1) {
                    clock++;
                    applied++;
                }
                shard.receive(stream, new ExchangeFrame(header.build(), frame.payload()));
            }

            /** What it had begun to push still arrives. */
            void isLost() {
                if (batch >= 0 && pushed > 0 && pushed < CHUNKS.length) {
                    while (pushed < CHUNKS.length) {
                        push(pushed++);
                    }
                }
                active = false;
                entering = false;
                answers = 0;
                batch = -1;
                shard.left(stream);
                stream = opened();
                clock = 0;
            }

            private ExchangeFrame clockFrame(boolean hasLease) {
                return new ExchangeFrame(Jobs.header(1)
                        .setClock(Clock.newBuilder().setClock(clock).setActive(hasLease))
                        .build());
            }

            private void takeFrames() {
                assertThat(stream.refused).isNull();
                for (RecordingStream.Received frame : stream.received) {
                    if (frame.header().hasClock()) {
                        long said = frame.header().getClock().getClock();
                        assertThat(said).as("a worker's clock does not fall").isGreaterThanOrEqualTo(clock);
                        clock = said;
                        entering = false;
                        active = true;
                        pushed = CHUNKS.length;
                        batch = -1;
                    } else {
                        versions[frame.chunk()] = frame.version();
                        answers--;
                    }
                }
                stream.received.clear();
            }
        }
    }
}
