package dev.tutti.coordinator.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.EpochResult;
import dev.tutti.proto.v1.JobEvent;
import dev.tutti.proto.v1.Progress;
import dev.tutti.proto.v1.StateChanged;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PendingEventsTest {
    private static JobEvent progress(long step) {
        return JobEvent.newBuilder()
                .setProgress(Progress.newBuilder().setStep(step))
                .build();
    }

    private static JobEvent epoch(int epoch) {
        return JobEvent.newBuilder()
                .setEpoch(EpochResult.newBuilder().setEpoch(epoch))
                .build();
    }

    private static final JobEvent STATE =
            JobEvent.newBuilder().setState(StateChanged.getDefaultInstance()).build();

    @Test
    void slowReaderMissesProgressButNothingElse() {
        PendingEvents pending = new PendingEvents();
        List.of(progress(1), progress(2), epoch(1), progress(3), progress(4), progress(5), epoch(2), STATE)
                .forEach(pending::add);
        List<JobEvent> taken = new ArrayList<>();
        while (!pending.isEmpty()) {
            taken.add(pending.take());
        }
        assertThat(taken).containsExactly(progress(2), epoch(1), progress(5), epoch(2), STATE);
    }
}
