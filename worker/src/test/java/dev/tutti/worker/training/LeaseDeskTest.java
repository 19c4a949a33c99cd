package dev.tutti.worker.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.Finish;
import dev.tutti.proto.v1.Hold;
import dev.tutti.proto.v1.Lease;
import dev.tutti.proto.v1.LeaseAnswer;
import dev.tutti.proto.v1.LeaseRequest;
import dev.tutti.proto.v1.StartGeneration;
import dev.tutti.worker.metrics.WorkerMetrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LeaseDeskTest {
    private static final LeaseAnswer HOLD =
            LeaseAnswer.newBuilder().setHold(Hold.getDefaultInstance()).build();
    private static final LeaseAnswer FINISH =
            LeaseAnswer.newBuilder().setFinish(Finish.getDefaultInstance()).build();

    private final RecordedReports reports = new RecordedReports();
    private final List<LeaseRequest> requests = new ArrayList<>();
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final LeaseDesk desk = new LeaseDesk(
            new Generation(StartGeneration.newBuilder().setJob("job-1").build(), "worker-1"),
            reports,
            new WorkerMetrics(meters),
            1);

    @Test
    void aRequestIsRepeatedAlsoOnHold() throws Exception {
        reports.onLease = request -> {
            requests.add(request);
            desk.answer(requests.size() < 3 ? HOLD : FINISH);
        };

        assertThat(desk.ask(Optional.of(lease(3)))).contains(FINISH);
        assertThat(requests).hasSize(3);
        assertThat(requests).allMatch(request -> request.getDone().equals(lease(3)));
        assertThat(meters.counter("tutti.worker.long.waits", "for", "lease").count())
                .isEqualTo(2);
    }

    @Test
    void theSecondAnswerToARepeatedRequestIsNotWorkedOnAgain() throws Exception {
        desk.answer(LeaseAnswer.newBuilder().setLease(lease(3)).build());
        LeaseAnswer next = LeaseAnswer.newBuilder().setLease(lease(13)).build();
        desk.answer(next);

        assertThat(desk.ask(Optional.of(lease(3)))).contains(next);
    }

    private static Lease lease(int firstBatch) {
        return Lease.newBuilder()
                .setFirstBatch(firstBatch)
                .setBatches(10)
                .setAttempt(1)
                .build();
    }
}
