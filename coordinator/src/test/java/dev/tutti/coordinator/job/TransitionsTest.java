package dev.tutti.coordinator.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tutti.proto.job.JobStates;
import dev.tutti.proto.v1.CheckpointPart;
import dev.tutti.proto.v1.EpochPart;
import dev.tutti.proto.v1.JobState;
import java.util.Arrays;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class TransitionsTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "PLANNING  | PLANNING QUEUED FAILED STOPPED CANCELLED",
                "QUEUED    | QUEUED STARTING STOPPED CANCELLED",
                "STARTING  | STARTING RUNNING STOPPING FAILED CANCELLED",
                "RUNNING   | RUNNING STARTING STOPPING SUCCEEDED FAILED CANCELLED",
                "STOPPING  | STOPPING STOPPED SUCCEEDED FAILED CANCELLED",
                "SUCCEEDED | ''",
                "FAILED    | ''",
                "STOPPED   | ''",
                "CANCELLED | ''"
            })
    void onlyTheseStatesMayFollow(String from, String to) {
        Set<JobState> allowed = Arrays.stream(JobState.values())
                .filter(state -> Transitions.allowed(state(from), state))
                .collect(Collectors.toSet());
        assertThat(allowed)
                .isEqualTo(Arrays.stream(to.split(" "))
                        .filter(name -> !name.isEmpty())
                        .map(TransitionsTest::state)
                        .collect(Collectors.toSet()));
    }

    private static JobState state(String name) {
        return JobState.valueOf("JOB_STATE_" + name);
    }

    static Stream<Arguments> impossible() {
        return Stream.of(
                arguments("PLANNING", "shard opened", r -> r.opened(1, 0, 0)),
                arguments("PLANNING", "epoch reported", r -> r.on(at -> new Event.EpochShare(at, report()))),
                arguments("PLANNING", "part written", r -> r.on(at -> new Event.PartWritten(at, part()))),
                arguments("PLANNING", "checkpoint completed", r -> r.manifest(20)),
                arguments("QUEUED", "shard opened", r -> r.opened(1, 0, 0)),
                arguments("QUEUED", "worker failed", r -> r.broken("w-a", 1, false, "why")),
                arguments("QUEUED", "checkpoint completed", r -> r.manifest(20)),
                arguments("STARTING", "epoch reported before the start", r -> r.epoch("w-a", 0)),
                arguments("STARTING", "worker done before the start", r -> r.finished("w-a", "abc")),
                arguments("STARTING", "lease asked before the start", r -> r.asks("w-a")),
                arguments("STARTING", "third shard of two opened", r -> r.opened(1, 2, 0)),
                arguments("STARTING", "generation of the future", r -> r.opened(2, 0, 0)),
                arguments("RUNNING", "lease of a synchronous job", r -> r.asks("w-a")),
                arguments("RUNNING", "stranger's report", r -> r.epoch("w-z", 0)),
                arguments("RUNNING", "epoch there is not", r -> r.epoch("w-a", 2)),
                arguments("RUNNING", "stop nobody asked for", r -> r.stopped("w-a", 3)),
                arguments("RUNNING", "generation of the future", r -> r.broken("w-a", 2, true, "why")));
    }

    private static Arguments arguments(String state, String what, Consumer<Rehearsal> event) {
        return Arguments.of(state, what, event);
    }

    private static EpochPart report() {
        return EpochPart.newBuilder().setJob(Rehearsal.JOB).setGeneration(1).build();
    }

    private static CheckpointPart part() {
        return CheckpointPart.newBuilder()
                .setJob(Rehearsal.JOB)
                .setGeneration(1)
                .build();
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("impossible")
    void eventThatCannotHappenThrowsWithTheStateAndChangesNothing(
            String state, String what, Consumer<Rehearsal> event) {
        Rehearsal rehearsal = switch (state) {
            case "PLANNING" -> new Rehearsal().submit(Specs.synchronous(1, 2));
            case "QUEUED" ->
                Rehearsal.withMembers("w-a").submit(Specs.synchronous(1, 2)).planned();
            case "STARTING" ->
                Rehearsal.withMembers("ps-a", "ps-b", "w-a", "w-b")
                        .submit(Specs.synchronous(1, 2))
                        .planned();
            default -> Rehearsal.withMembers("ps-a", "ps-b", "w-a", "w-b").running(Specs.synchronous(1, 2));
        };
        ClusterState before = rehearsal.state;
        assertThatThrownBy(() -> event.accept(rehearsal))
                .as(what)
                .isInstanceOf(IllegalTransitionException.class)
                .hasMessageContaining("Job " + Rehearsal.JOB + " is " + JobStates.name(state(state)));
        assertThat(rehearsal.state).isEqualTo(before);
    }

    @Test
    void endedJobIgnoresWhatItsMembersStillSay() {
        Rehearsal rehearsal = Rehearsal.withMembers("ps-a", "ps-b", "w-a", "w-b")
                .running(Specs.synchronous(1, 2))
                .cancel();
        rehearsal.finished("w-a", "abc");
        assertThat(rehearsal.ignored()).isTrue();
        rehearsal.part(0, 20);
        assertThat(rehearsal.ignored()).isTrue();
    }
}
