package dev.tutti.parameterserver.shard;

import static dev.tutti.parameterserver.shard.Jobs.batch;
import static dev.tutti.parameterserver.shard.Jobs.constant;
import static dev.tutti.parameterserver.shard.Jobs.open;
import static dev.tutti.parameterserver.shard.Jobs.push;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.v1.Pull;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.tensor.graph.Initializer;
import dev.tutti.tensor.random.ParameterInitialization;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ShardTest {
    private static final Path NOWHERE = Path.of("unused");

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final ParameterServerMetrics metrics = new ParameterServerMetrics(registry);
    private final RecordedCheckpoints checkpoints = new RecordedCheckpoints();
    private final List<Shard> opened = new ArrayList<>();
    private final RecordingStream stream = new RecordingStream();

    private Shard shard(ShardSettings settings) {
        Shard shard = new Shard(settings, metrics, checkpoints);
        opened.add(shard);
        shard.fence(1);
        return shard;
    }

    @AfterEach
    void free() {
        opened.forEach(Shard::close);
    }

    @Test
    void aNewStreamGetsTheFirstParameters() {
        Shard shard = shard(Jobs.synchronous(2, NOWHERE));
        shard.open(stream, open(1, 0));

        float[] expected = new float[40];
        ParameterInitialization.fill(
                42, "dense-1.weight", new Initializer.Uniform(0.25f), 0, 40, MemorySegment.ofArray(expected));
        assertThat(stream.parameters(0)).isEqualTo(Arrays.copyOfRange(expected, 0, 16));
        assertThat(stream.parameters(1)).isEqualTo(Arrays.copyOfRange(expected, 16, 32));
        assertThat(Arrays.copyOf(stream.parameters(2), 8)).isEqualTo(Arrays.copyOfRange(expected, 32, 40));
        assertThat(Arrays.copyOfRange(stream.parameters(2), 8, 15)).isEqualTo(constant(7, 1));
        assertThat(stream.takeVersions()).containsExactly("0@0", "1@0", "2@0");
    }

    @Test
    void aChunkComesBackToEveryoneOnceAllItsSlicesAreIn() {
        Shard shard = shard(Jobs.synchronous(2, NOWHERE));
        RecordingStream other = new RecordingStream();
        shard.open(stream, open(1, 0));
        shard.open(other, open(1, 0));
        float before = stream.parameters(0)[3];
        stream.takeVersions();
        other.takeVersions();

        shard.receive(stream, push(1, 1, 0, 0, 1, constant(16, 0.25f)));
        assertThat(stream.takeVersions()).isEmpty();
        shard.receive(other, push(1, 1, 0, 1, 2, constant(16, 0.5f)));

        assertThat(stream.parameters(0)[3]).isEqualTo(before - 0.5f * 0.75f);
        assertThat(stream.takeVersions()).containsExactly("0@1");
        assertThat(other.takeVersions()).containsExactly("0@1");
        assertThat(shard.completeStep()).isZero();
        assertThat(count("updates")).isEqualTo(1);
    }

    @Test
    void whatArrivesTwiceIsDroppedAndCounted() {
        Shard shard = shard(Jobs.synchronous(4, NOWHERE));
        shard.open(stream, open(1, 0));
        float before = stream.parameters(0)[0];
        stream.takeVersions();

        shard.receive(stream, push(1, 1, 0, 2, 3, constant(16, 1)));
        shard.receive(stream, push(1, 1, 0, 2, 3, constant(16, 1)));
        shard.receive(stream, push(1, 1, 0, 3, 4, constant(16, 1)));
        shard.receive(stream, push(1, 1, 0, 2, 4, constant(16, 2)));
        shard.receive(stream, push(1, 1, 0, 2, 3, constant(16, 1)));
        assertThat(count("duplicates")).isEqualTo(3);
        shard.receive(stream, push(1, 1, 0, 0, 2, constant(16, 2)));
        shard.receive(stream, push(1, 1, 0, 0, 4, constant(16, 4)));

        assertThat(count("duplicates")).isEqualTo(4);
        assertThat(stream.parameters(0)[0]).isEqualTo(before - 0.5f * 4);
        assertThat(stream.takeVersions()).containsExactly("0@1");
        assertThat(stream.refused).isNull();
    }

    @Test
    void aLargerNodeReplacesTheSmallerOnesInsideIt() {
        Shard shard = shard(Jobs.synchronous(4, NOWHERE));
        shard.open(stream, open(1, 0));
        float before = stream.parameters(0)[0];
        shard.receive(stream, push(1, 1, 0, 1, 2, constant(16, 1)));
        shard.receive(stream, push(1, 1, 0, 0, 4, constant(16, 4)));
        assertThat(stream.parameters(0)[0]).isEqualTo(before - 0.5f * 4);
    }

    @Test
    void anotherGenerationIsFencedDroppedAndCounted() {
        Shard shard = shard(Jobs.synchronous(1, NOWHERE));
        shard.open(stream, open(1, 0));
        stream.takeVersions();
        shard.fence(3);
        shard.fence(2);

        shard.receive(stream, push(1, 1, 0, 0, 1, constant(16, 1)));

        assertThat(stream.received.getLast().header().getFenced().getExpectedGeneration())
                .isEqualTo(3);
        assertThat(stream.received.getLast().header().getFenced().getGotGeneration())
                .isEqualTo(1);
        assertThat(refusals("generation")).isEqualTo(1);
        assertThat(count("updates")).isZero();
        RecordingStream late = new RecordingStream();
        shard.open(late, open(2, 0));
        assertThat(late.received).hasSize(1);
        assertThat(late.received.getFirst().header().hasFenced()).isTrue();
    }

    @Test
    void aFencedStreamGetsNoMoreParameters() {
        Shard shard = shard(Jobs.synchronous(1, NOWHERE));
        shard.open(stream, open(1, 0));
        stream.takeVersions();
        stream.credit = 0;
        shard.receive(stream, push(1, 1, 2, 0, 1, constant(15, 1)));
        shard.fence(2);
        stream.credit = 9;
        shard.ready(stream);
        RecordingStream survivor = new RecordingStream();
        shard.open(survivor, open(2, 0));
        shard.receive(survivor, push(2, 1, 0, 0, 1, constant(16, 1)));
        assertThat(survivor.takeVersions()).endsWith("0@1");
        assertThat(stream.takeVersions()).isEmpty();
    }

    @Test
    void aGenerationStartsWithThePreviousVersionOfAChunkThatIsAhead() {
        Shard shard = shard(Jobs.synchronous(2, NOWHERE));
        shard.open(stream, open(1, 0));
        float[] before = stream.parameters(1);
        shard.receive(stream, push(1, 1, 1, 0, 2, constant(16, 1)));
        float[] ahead = stream.parameters(1);
        shard.receive(stream, push(1, 1, 0, 0, 1, constant(16, 1)));

        shard.fence(2);
        assertThat(shard.completeStep()).isZero();
        RecordingStream survivor = new RecordingStream();
        shard.open(survivor, open(2, 0));
        assertThat(survivor.parameters(1)).isEqualTo(before);
        assertThat(survivor.takeVersions()).containsExactly("0@0", "1@0", "2@0");

        shard.receive(survivor, push(2, 1, 1, 0, 2, constant(16, 1)));
        assertThat(survivor.parameters(1)).isEqualTo(ahead);
        assertThat(survivor.takeVersions()).containsExactly("1@1");
        shard.receive(survivor, push(2, 1, 1, 0, 2, constant(16, 1)));
        assertThat(survivor.takeVersions()).isEmpty();

        // The half step of the old generation is forgotten: both slices are needed again.
        shard.receive(survivor, push(2, 1, 0, 1, 2, constant(16, 1)));
        assertThat(survivor.takeVersions()).isEmpty();
        shard.receive(survivor, push(2, 1, 0, 0, 1, constant(16, 1)));
        assertThat(survivor.takeVersions()).containsExactly("0@1");
    }

    @Test
    void aWholeShardMayBeAheadOfTheGenerationsStart() {
        Shard shard = shard(Jobs.synchronous(1, NOWHERE));
        shard.open(stream, open(1, 0));
        step(shard, stream, 1, 1);
        shard.fence(2);
        assertThat(shard.completeStep()).isEqualTo(1);
        RecordingStream survivor = new RecordingStream();
        shard.open(survivor, open(2, 0));
        assertThat(survivor.takeVersions()).containsExactly("0@0", "1@0", "2@0");
        step(shard, survivor, 2, 1);
        assertThat(survivor.takeVersions()).containsExactly("0@1", "1@1", "2@1");
        assertThat(count("updates")).isEqualTo(3);
    }

    @Test
    void aGenerationThatCannotStartThereIsRefused() {
        Shard shard = shard(Jobs.synchronous(1, NOWHERE));
        shard.open(stream, open(1, 4));
        assertThat(stream.refused).isEqualTo("Chunk 0 of shard 0 is at version 0, generation 1 cannot start at 4");
    }

    @Test
    void aSlowReceiverIsOwedTheNewestVersionOnly() {
        Shard shard = shard(Jobs.asynchronous(NOWHERE));
        RecordingStream slow = new RecordingStream();
        shard.open(slow, open(1, 0));
        slow.credit = 0;
        for (int i = 0; i < 1000; i++) {
            shard.receive(slow, batch(1, 0, i, 0, constant(16, 1)));
        }
        assertThat(slow.received).isEmpty();
        slow.credit = 1;
        shard.ready(slow);
        assertThat(slow.takeVersions()).containsExactly("1@1000");
        slow.credit = 5;
        shard.ready(slow);
        assertThat(slow.takeVersions()).isEmpty();
    }

    @Test
    void chunksTheNextForwardPassNeedsFirstGoFirst() {
        Shard shard = shard(Jobs.synchronous(1, NOWHERE));
        stream.credit = 0;
        shard.open(stream, open(1, 0));
        stream.credit = 2;
        shard.ready(stream);
        assertThat(stream.takeVersions()).containsExactly("0@0", "1@0");
        stream.credit = 9;
        shard.ready(stream);
        assertThat(stream.takeVersions()).containsExactly("2@0");
    }

    @Test
    void anAsynchronousBatchIsAppliedOnceWhateverTheAttempt() {
        Shard shard = shard(Jobs.asynchronous(NOWHERE));
        shard.open(stream, open(1, 0));
        assertThat(stream.received).isEmpty();
        shard.receive(stream, batch(0, 0, 7, 0, constant(16, 1)));
        float[] once = stream.parameters(0);
        shard.receive(stream, batch(0, 0, 7, 1, constant(16, 1)));
        assertThat(stream.parameters(0)).isEqualTo(once);
        assertThat(stream.takeVersions()).containsExactly("0@1", "0@1");
        assertThat(count("duplicates")).isEqualTo(1);

        shard.receive(stream, batch(0, 1, 7, 0, constant(16, 1)));
        shard.receive(stream, batch(0, 0, 8, 0, constant(16, 1)));
        assertThat(stream.takeVersions()).containsExactly("0@2", "0@2");
        shard.fence(2);
        RecordingStream next = new RecordingStream();
        shard.open(next, open(2, 0));
        ExchangeFrame again = batch(0, 1, 7, 1, constant(16, 1));
        shard.receive(
                next,
                new ExchangeFrame(again.header().toBuilder().setGeneration(2).build(), again.payload()));
        assertThat(next.takeVersions()).containsExactly("0@2");
    }

    @Test
    void aPullIsAnsweredWithEveryChunk() {
        Shard shard = shard(Jobs.asynchronous(NOWHERE));
        shard.open(stream, open(1, 0));
        shard.receive(stream, batch(1, 0, 0, 0, constant(16, 1)));
        stream.takeVersions();
        shard.receive(
                stream,
                new ExchangeFrame(
                        Jobs.header(1).setPull(Pull.getDefaultInstance()).build()));
        assertThat(stream.takeVersions()).containsExactly("0@0", "1@1", "2@0");
    }

    @Test
    void framesThatBreakTheContractAreRefusedInOneSentence() {
        assertRefused(push(1, 1, 3, 0, 2, constant(16, 1)), "Shard 0 has chunks 0 to 2, got a gradient of chunk 3");
        assertRefused(
                push(1, 1, -1, 0, 2, constant(16, 1)), "Shard 0 has chunks 0 to 2, got a gradient of chunk 4294967295");
        assertRefused(push(1, 1, 2, 0, 2, constant(16, 1)), "Gradient of chunk 2: expected 60 bytes of f32, got 64");
        assertRefused(push(1, 1, 0, 1, 3, constant(16, 1)), "Slices [1, 3) are not one node of the tree over 4 slices");
        assertRefused(
                push(1, 2, 0, 0, 2, constant(16, 1)), "A gradient of step 2 for chunk 0 while step 1 is not complete");
        ExchangeFrame unknown = push(1, 1, 0, 0, 2, constant(16, 1));
        assertRefused(
                new ExchangeFrame(
                        unknown.header().toBuilder()
                                .setPush(unknown.header().getPush().toBuilder()
                                        .setEncoding(Encoding.ENCODING_UNSPECIFIED))
                                .build(),
                        unknown.payload()),
                "Gradient of chunk 0: expected f32, bf16, f16, int8 or top-k, got ENCODING_UNSPECIFIED");
        assertRefused(
                new ExchangeFrame(open(1, 0)),
                "A worker's frame is a Push, a Pull, a Clock or a Decision after its first, got OPEN");
    }

    @Test
    void checkpointsAreWrittenEveryFewStepsAndAtTheEnd() {
        Shard shard = shard(Jobs.synchronous(1, NOWHERE));
        shard.open(stream, open(1, 0));
        for (int step = 1; step <= 5; step++) {
            step(shard, stream, 1, step);
        }
        assertThat(checkpoints.steps).containsExactly(2L, 4L, 5L);
        assertThat(checkpoints.needs)
                .containsExactly(Checkpoints.Need.PERIODIC, Checkpoints.Need.PERIODIC, Checkpoints.Need.REQUIRED);
    }

    @Test
    void aCheckpointThatIsAskedForWaitsForItsStep() {
        Shard shard = shard(Jobs.synchronous(1, NOWHERE));
        shard.open(stream, open(1, 0));
        shard.checkpoint(0);
        shard.checkpoint(3);
        assertThat(checkpoints.steps).containsExactly(0L);
        for (int step = 1; step <= 3; step++) {
            step(shard, stream, 1, step);
        }
        assertThat(checkpoints.steps).containsExactly(0L, 2L, 3L);
        assertThat(checkpoints.needs)
                .containsExactly(Checkpoints.Need.REQUIRED, Checkpoints.Need.PERIODIC, Checkpoints.Need.REQUIRED);
    }

    @Test
    void aCheckpointOfAStepLeftBehindIsGivenUp() {
        Shard shard = shard(Jobs.synchronous(1, NOWHERE));
        shard.open(stream, open(1, 0));
        step(shard, stream, 1, 1);
        shard.checkpoint(0);
        shard.receive(stream, push(1, 2, 0, 0, 1, constant(16, 1)));
        shard.checkpoint(1);
        assertThat(checkpoints.givenUp)
                .containsExactly(
                        "step 0: Shard 0 has completed step 1",
                        "step 1: Shard 0 has completed step 1 and has applied some of the next");
    }

    @Test
    void closingEndsTheStreams() {
        Shard shard = new Shard(Jobs.synchronous(1, NOWHERE), metrics, checkpoints);
        shard.open(stream, open(0, 0));
        shard.close("Done");
        assertThat(stream.ended).isEqualTo("Done");
    }

    @Test
    void everyPayloadIsClosedOnceEvenWhenItsStreamIsUnknown() {
        Shard shard = shard(Jobs.synchronous(1, NOWHERE));
        shard.receive(stream, push(1, 1, 0, 0, 1, constant(16, 1)));
        assertThat(stream.received).isEmpty();
        assertThat(count("updates")).isZero();
    }

    private void assertRefused(ExchangeFrame frame, String reason) {
        Shard shard = shard(Jobs.synchronous(4, NOWHERE));
        RecordingStream refused = new RecordingStream();
        shard.open(refused, open(1, 0));
        shard.receive(refused, frame);
        assertThat(refused.refused).isEqualTo(reason);
        refused.received.clear();
        shard.receive(refused, push(1, 1, 0, 0, 4, constant(16, 1)));
        assertThat(refused.received).isEmpty();
    }

    private static void step(Shard shard, RecordingStream stream, long generation, long step) {
        shard.receive(stream, push(generation, step, 0, 0, 1, constant(16, 1)));
        shard.receive(stream, push(generation, step, 1, 0, 1, constant(16, 1)));
        shard.receive(stream, push(generation, step, 2, 0, 1, constant(15, 1)));
    }

    private double refusals(String reason) {
        return registry.counter("tutti.parameter.server.refusals", "reason", reason)
                .count();
    }

    private double count(String name) {
        return registry.counter("tutti.parameter.server." + name).count();
    }
}
