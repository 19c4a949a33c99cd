package dev.tutti.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tutti.coordinator.job.ClusterState;
import dev.tutti.coordinator.job.Effect;
import dev.tutti.coordinator.job.Event;
import dev.tutti.coordinator.job.JobView;
import dev.tutti.coordinator.job.Specs;
import dev.tutti.proto.v1.Progress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DecisionLogTest {
    private final List<List<Event>> appends = new ArrayList<>();
    private final List<Effect> effects = new ArrayList<>();
    private final List<String> answers = new ArrayList<>();
    private final DecisionLog log = new DecisionLog(
            ClusterState.EMPTY, effects::add, _ -> {}, ended -> Optional.of(lastProgress(ended.id())), appends::add);

    private static Event submitted(String id) {
        return new Event.JobSubmitted(1, id, Specs.synchronous(1, 1), "", "/checkpoints");
    }

    private static Event lastProgress(String id) {
        return new Event.LastProgress(
                1, id, Progress.newBuilder().setStep(912).setLoss(0.25).build());
    }

    private static Event joined(String name) {
        return new Event.MemberJoined(1, Specs.worker(name));
    }

    @Test
    void effectsRunOnlyOnceTheirEventIsInTheJournal() {
        log.happened(submitted("a"), () -> answers.add("a"));
        log.happened(joined("w-a"), () -> answers.add("w-a"));
        assertThat(appends).containsExactly(List.of(submitted("a")));
        assertThat(effects).isEmpty();
        assertThat(log.decided().job("a")).isPresent();
        assertThat(log.shown().job("a")).isEmpty();

        log.durable();
        assertThat(answers).containsExactly("a");
        assertThat(log.shown().job("a")).isPresent();
        assertThat(effects).isEmpty();
        log.durable();
        assertThat(effects).singleElement().isInstanceOf(Effect.SendToWorker.class);
    }

    @Test
    void eventsThatHappenDuringAnAppendGoIntoTheNextTogether() {
        log.happened(submitted("a"), () -> {});
        log.happened(submitted("b"), () -> {});
        log.happened(joined("w-a"), () -> {});
        log.durable();
        assertThat(appends).containsExactly(List.of(submitted("a")), List.of(submitted("b"), joined("w-a")));
    }

    @Test
    void theEndOfAJobIsJournaledWithItsLastProgressBeforeAnyoneIsAnswered() {
        log.happened(submitted("a"), () -> {});
        log.durable();
        Event cancelled = new Event.CancelAsked(1, "a");
        log.happened(
                cancelled,
                () -> answers.add(JobView.of(log.shown().job("a").orElseThrow())
                        .getProgress()
                        .toString()));
        assertThat(appends.getLast()).containsExactly(cancelled, lastProgress("a"));
        log.durable();
        assertThat(answers).singleElement().asString().contains("912", "0.25");
    }

    @Test
    void eventThatCannotBeDecidedOnLeavesNoTrace() {
        log.happened(submitted("a"), () -> {});
        long taken = log.taken();
        ClusterState decided = log.decided();
        assertThatThrownBy(() -> log.happened(submitted("a"), () -> answers.add("a")))
                .isInstanceOf(IllegalStateException.class);
        assertThat(log.taken()).isEqualTo(taken);
        assertThat(log.decided()).isSameAs(decided);
        log.afterwards(() -> {});
        assertThat(log.taken()).isGreaterThan(taken);
    }

    @Test
    void whatChangesNothingWaitsForItsTurnButNotForTheJournal() {
        log.happened(submitted("a"), () -> answers.add("a"));
        log.afterwards(() -> answers.add("later"));
        assertThat(answers).isEmpty();
        log.durable();
        assertThat(answers).containsExactly("a", "later");
        assertThat(appends).hasSize(1);
    }
}
