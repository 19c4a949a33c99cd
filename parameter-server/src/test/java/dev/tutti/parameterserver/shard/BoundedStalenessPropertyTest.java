package dev.tutti.parameterserver.shard;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import dev.tutti.proto.v1.Clock;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.wire.ExchangeFrame;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Workers that train, rest, come back and are lost in any order, on several shards whose frames overtake each other: none gets ahead too far, no
 * clock falls, and somebody can always go on.
 */
class BoundedStalenessPropertyTest {
    private static final int[] CHUNKS = {16, 16, 15};
    private static final int BATCHES = 60;
    private static final int SEEDS = 200;

    @Test
    void noWorkerIsMoreThanTheBoundAheadOfTheSlowest() {
        for (int bound : new int[] {0, 1, 3, 8}) {
            int farthest = 0;
            for (long seed = 0; seed < SEEDS; seed++) {
                try (Simulation simulation = new Simulation(new Random(seed), bound)) {
                    simulation.run();
                    farthest = Math.max(farthest, simulation.farthest);
                } catch (AssertionError | RuntimeException e) {
                    throw new AssertionError("seed " + seed + ", bound " + bound + ": " + e.getMessage(), e);
                }
            }
            assertThat(farthest).as("some worker used the bound of %d", bound).isEqualTo(bound);
        }
    }

    /** A chunk of a shard. */
    private record Place(int shard, int chunk) {}

    private static final class Simulation implements AutoCloseable {
        private final Random random;
        private final int bound;
        private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
        private final List<Shard> shards;
        private final List<Worker> workers = new ArrayList<>();
        private int leased;
        private long applied;
        /** By shard: the slowest clock, as a newcomer is told. */
        private final long[] slowest = new long[3];

        private int farthest;

        Simulation(Random random, int bound) {
            this.random = random;
            this.bound = bound;
            this.shards = Stream.generate(() -> shard(bound))
                    .limit(1 + random.nextInt(3))
                    .toList();
            IntStream.range(0, 2 + random.nextInt(4)).forEach(_ -> workers.add(new Worker()));
        }

        private Shard shard(int clocks) {
            Shard shard = new Shard(
                    Jobs.boundedStaleness(clocks), new ParameterServerMetrics(meters), new RecordedCheckpoints());
            shard.fence(1);
            return shard;
        }

        void run() {
            while (leased < BATCHES || workers.stream().anyMatch(worker -> worker.hasLease)) {
                List<Worker> able = workers.stream().filter(Worker::canAct).toList();
                assertThat(able).as("somebody can go on after batch %d", leased).isNotEmpty();
                // Some are faster than others.
                Worker next = able.get(Math.min(random.nextInt(able.size()), random.nextInt(able.size())));
                if (random.nextInt(120) == 0) {
                    next.isLost();
                } else {
                    next.act();
                }
                workers.forEach(Worker::takeFrames);
            }
            shards.forEach(shard -> assertThat(shard.completeStep()).isEqualTo(applied));
            assertThat(meters.counter("tutti.parameter.server.updates").count())
                    .isEqualTo((double) applied * CHUNKS.length * shards.size());
        }

        @Override
        public void close() {
            shards.forEach(Shard::close);
        }

        /** What a worker does, one frame at a time. */
        private final class Worker {
            private final long[][] versions = new long[shards.size()][CHUNKS.length];
            private List<RecordingStream> streams = opened();
            private boolean hasLease;
            /** It has a lease, and all shards know how far it is. */
            private boolean trains;

            private long clock;
            /** Clock frames to be sent, by shard; and what shards have said. */
            private final List<Integer> toTell = new ArrayList<>();

            private final long[] said = new long[shards.size()];
            private final long[] told = new long[shards.size()];
            private int batch;
            private final List<Place> toPush = new ArrayList<>();
            private int answersDue;
            private int batchesLeft;

            private List<RecordingStream> opened() {
                return shards.stream()
                        .map(shard -> {
                            RecordingStream stream = new RecordingStream();
                            shard.open(stream, Jobs.open(1, 0));
                            return stream;
                        })
                        .toList();
            }

            boolean canAct() {
                if (!hasLease) {
                    return leased < BATCHES;
                }
                return !toTell.isEmpty() || !toPush.isEmpty() || (trains && answersDue == 0);
            }

            void act() {
                if (!hasLease) {
                    hasLease = true;
                    batchesLeft = 1 + random.nextInt(5);
                    IntStream.range(0, shards.size()).forEach(shard -> said[shard] = -1);
                    tellThoseWhoSaidLess();
                } else if (!toTell.isEmpty()) {
                    tell(toTell.removeLast(), true);
                } else if (!toPush.isEmpty()) {
                    push(toPush.removeLast());
                } else if (batchesLeft > 0 && leased < BATCHES) {
                    begin();
                } else {
                    hasLease = false;
                    trains = false;
                    IntStream.range(0, shards.size()).forEach(shard -> tell(shard, false));
                }
            }

            private void tellThoseWhoSaidLess() {
                for (int shard = 0; shard < shards.size(); shard++) {
                    if (said[shard] < clock) {
                        toTell.add(shard);
                        answersDue++;
                    }
                }
                Collections.shuffle(toTell, random);
                trains = toTell.isEmpty();
            }

            private void tell(int shard, boolean active) {
                told[shard] = clock;
                receive(
                        shard,
                        new ExchangeFrame(Jobs.header(1)
                                .setClock(Clock.newBuilder().setClock(clock).setActive(active))
                                .build()));
            }

            private void begin() {
                long least = workers.stream()
                        .filter(worker -> worker.trains)
                        .mapToLong(worker -> worker.clock)
                        .min()
                        .orElseThrow();
                assertThat(clock - least).as("batches ahead of the slowest").isLessThanOrEqualTo(bound);
                farthest = Math.max(farthest, (int) (clock - least));
                batchesLeft--;
                batch = leased++;
                for (int shard = 0; shard < shards.size(); shard++) {
                    for (int chunk = 0; chunk < CHUNKS.length; chunk++) {
                        toPush.add(new Place(shard, chunk));
                    }
                }
                Collections.shuffle(toPush, random);
            }

            private void push(Place place) {
                answersDue++;
                long done = clock + 1;
                if (toPush.isEmpty()) {
                    clock = done;
                    applied++;
                }
                ExchangeFrame frame = Jobs.batch(place.chunk, 0, batch, 1, Jobs.constant(CHUNKS[place.chunk], 1));
                FrameHeader.Builder header = frame.header().toBuilder();
                header.getPushBuilder()
                        .setBasedOn(versions[place.shard][place.chunk])
                        .setClock(done);
                receive(place.shard, new ExchangeFrame(header.build(), frame.payload()));
            }

            private void receive(int shard, ExchangeFrame frame) {
                shards.get(shard).receive(streams.get(shard), frame);
            }

            /** What it had begun to push still arrives. */
            void isLost() {
                while (!toPush.isEmpty()) {
                    push(toPush.removeLast());
                }
                hasLease = false;
                trains = false;
                toTell.clear();
                answersDue = 0;
                clock = 0;
                for (int shard = 0; shard < shards.size(); shard++) {
                    shards.get(shard).left(streams.get(shard));
                }
                streams = opened();
            }

            void takeFrames() {
                for (int shard = 0; shard < shards.size(); shard++) {
                    assertThat(streams.get(shard).refused).isNull();
                    for (RecordingStream.Received frame : streams.get(shard).received) {
                        take(shard, frame);
                    }
                    streams.get(shard).received.clear();
                }
                if (hasLease && !trains && toTell.isEmpty() && answersDue == 0) {
                    tellThoseWhoSaidLess();
                }
            }

            private void take(int shard, RecordingStream.Received frame) {
                answersDue--;
                if (frame.header().hasClock()) {
                    said[shard] = frame.header().getClock().getClock();
                    assertThat(said[shard]).as("a worker's clock does not fall").isGreaterThanOrEqualTo(told[shard]);
                    if (told[shard] == 0) {
                        assertThat(said[shard])
                                .as("the slowest clock does not fall")
                                .isGreaterThanOrEqualTo(slowest[shard]);
                        slowest[shard] = said[shard];
                    }
                    clock = Math.max(clock, said[shard]);
                } else {
                    versions[shard][frame.chunk()] = frame.version();
                }
            }
        }
    }
}
