package dev.tutti.client;

import static dev.tutti.client.ScriptedJobs.event;
import static dev.tutti.client.ScriptedJobs.job;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.tutti.client.TrainingException.Category;
import dev.tutti.proto.v1.Job;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.JobState;
import io.grpc.Status;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrainingClientTest {
    private static final JobSpec SPEC = JobSpec.newBuilder().setName("small").build();

    private ScriptedJobs jobs;
    private TrainingClient client;

    @BeforeEach
    void connect() throws IOException {
        jobs = ScriptedJobs.start();
        client = TrainingClient.connect(jobs.address());
    }

    @AfterEach
    void disconnect() {
        client.close();
        jobs.close();
    }

    @Test
    void theSameKeyGivesTheSameJob() throws TrainingException {
        Job first = client.submit(SPEC, "key");

        assertThat(client.submit(SPEC, "key").getId()).isEqualTo(first.getId());
        assertThat(client.submit(SPEC, "other").getId()).isNotEqualTo(first.getId());
    }

    @Test
    void findsWhatWasSubmitted() throws TrainingException {
        Job submitted = client.submit(SPEC, "key");

        assertThat(client.get(submitted.getId())).isEqualTo(submitted);
        assertThat(client.list(10)).containsExactly(submitted);
        assertThat(client.stop(submitted.getId()).getState()).isEqualTo(JobState.JOB_STATE_STOPPING);
        assertThat(client.checkpoints("").getFirst().getStep()).isEqualTo(500);
    }

    @Test
    void aServerOfAnotherKindIsNotACoordinator() throws IOException {
        HttpServer web = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        web.start();
        String address = "127.0.0.1:" + web.getAddress().getPort();
        try (var other = TrainingClient.connect(address)) {
            assertThatThrownBy(() -> other.list(1))
                    .hasMessage("what answers at " + address + " is not a coordinator")
                    .extracting(failure -> ((TrainingException) failure).category())
                    .isEqualTo(Category.UNREACHABLE);
        } finally {
            web.stop(0);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "UNKNOWN, HTTP status code 200",
        "UNKNOWN, invalid content-type: text/html",
        "UNAVAILABLE, HTTP status code 503",
        "UNIMPLEMENTED, Method not found: tutti.v1.Jobs/List",
    })
    void aProxyOrAnotherServiceIsNotACoordinator(Status.Code code, String description) {
        String more = "\nheaders: Metadata(server=nginx)";

        var failure = TrainingException.of(
                code.toStatus().withDescription(description + more).asRuntimeException(), "here:1");

        assertThat(failure).hasMessage("what answers at here:1 is not a coordinator");
        assertThat(failure.category()).isEqualTo(Category.UNREACHABLE);
    }

    @Test
    void aWatchEndsWithItsJob() throws TrainingException {
        jobs.play(event(job("job-1", JobState.JOB_STATE_RUNNING)), event(job("job-1", JobState.JOB_STATE_SUCCEEDED)));
        var states = new ArrayList<JobState>();

        Job last = client.follow("job-1", event -> states.add(event.getJob().getState()));

        assertThat(last.getState()).isEqualTo(JobState.JOB_STATE_SUCCEEDED);
        assertThat(states).containsExactly(JobState.JOB_STATE_RUNNING, JobState.JOB_STATE_SUCCEEDED);
    }

    @Test
    void aWatchOutlivesItsStream() throws TrainingException {
        jobs.play(event(job("job-1", JobState.JOB_STATE_RUNNING)));
        jobs.play(event(job("job-1", JobState.JOB_STATE_SUCCEEDED)));

        assertThat(client.follow("job-1", _ -> {}).getState()).isEqualTo(JobState.JOB_STATE_SUCCEEDED);
    }

    @Test
    void aWatchOutlivesItsCoordinator() throws Exception {
        jobs.play(event(job("job-1", JobState.JOB_STATE_RUNNING)));
        try (JobWatch watch = client.watch("job-1")) {
            assertThat(watch.advance()).isTrue();
            int port = jobs.port();
            jobs.close();
            jobs = ScriptedJobs.startAt(port);
            jobs.play(event(job("job-1", JobState.JOB_STATE_FAILED)));

            assertThat(watch.advance()).isTrue();
            assertThat(watch.event().getJob().getState()).isEqualTo(JobState.JOB_STATE_FAILED);
            assertThat(watch.advance()).isFalse();
        }
    }

    @Test
    void aClosedWatchHasNoMoreEvents() throws TrainingException {
        JobWatch watch = client.watch("job-1");
        watch.close();

        assertThat(watch.advance()).isFalse();
    }

    @Test
    void refusalsAreSentencesWithACategory() {
        assertFailure(() -> client.get("job-9"), Category.NOT_FOUND, "there is no job job-9");
        assertFailure(() -> client.follow("job-9", _ -> {}), Category.NOT_FOUND, "there is no job job-9");
        assertFailure(() -> client.cancel("job-1"), Category.INVALID, "job job-1 has already ended");
        assertFailure(
                () -> client.submit(JobSpec.newBuilder().setName("refused").build(), "key"),
                Category.INVALID,
                "training.batch: must be at least 1");
    }

    @Test
    void nobodyAtTheAddressIsUnreachable() throws IOException {
        int free;
        try (var socket = new ServerSocket(0)) {
            free = socket.getLocalPort();
        }
        String address = "127.0.0.1:" + free;
        try (TrainingClient lonely = TrainingClient.connect(address)) {
            assertFailure(
                    () -> lonely.get("job-1"),
                    Category.UNREACHABLE,
                    "no coordinator answers at " + address + " (Connection refused)");
            assertFailure(
                    () -> lonely.follow("job-1", _ -> {}),
                    Category.UNREACHABLE,
                    "no coordinator answers at " + address + " (Connection refused)");
        }
    }

    private static void assertFailure(ThrowingCallable call, Category category, String message) {
        assertThatThrownBy(call)
                .hasMessage(message)
                .isInstanceOfSatisfying(
                        TrainingException.class, e -> assertThat(e.category()).isEqualTo(category));
    }
}
