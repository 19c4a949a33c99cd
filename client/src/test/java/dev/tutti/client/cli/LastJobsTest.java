package dev.tutti.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.client.ScriptedJobs;
import dev.tutti.client.TrainingClient;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.JobState;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LastJobsTest {
    @Test
    void whatHasNotEndedIsCancelled() throws Exception {
        try (var jobs = ScriptedJobs.start();
                var client = TrainingClient.connect(jobs.address())) {
            String ended = client.submit(JobSpec.getDefaultInstance(), "first").getId();
            client.cancel(ended);
            String running =
                    client.submit(JobSpec.getDefaultInstance(), "second").getId();
            List<String> said = new ArrayList<>();

            LastJobs.cancel(client, said::add);

            assertThat(client.get(running).getState()).isEqualTo(JobState.JOB_STATE_CANCELLED);
            assertThat(said).containsExactly("cancelling job " + running);
        }
    }
}
