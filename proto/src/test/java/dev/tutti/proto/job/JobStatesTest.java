package dev.tutti.proto.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.JobState;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class JobStatesTest {
    @Test
    void fourStatesAreFinal() {
        assertThat(Arrays.stream(JobState.values()).filter(JobStates::ended).map(JobStates::name))
                .containsExactly("succeeded", "failed", "stopped", "cancelled");
    }
}
