package dev.tutti.benchmarks.step;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.launch.StepBenchmark.Request;
import dev.tutti.proto.spec.JobSpecs;
import dev.tutti.proto.v1.JobSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ProcessStepBenchmarkTest {
    @Test
    void whatDoesNotFitIntoMemoryIsOneSentence() {
        assertThatThrownBy(() -> measure("mlp", Optional.empty(), 99_999_999))
                .isInstanceOf(LaunchException.class)
                .hasMessageStartingWith(
                        "the model's 242,762 parameters, their gradients and a batch of 99,999,999 samples do not fit"
                                + " into this process's memory: make the model or --batch smaller");
        assertThatThrownBy(() -> measure("large.yaml", Optional.of(large()), 1))
                .isInstanceOf(LaunchException.class)
                .hasMessageStartingWith("the model's 100,007,960,000,010 parameters");
    }

    private static JobSpec large() {
        JobSpec.Builder spec = JobSpec.newBuilder();
        spec.getDataBuilder().getSourceBuilder().getDigitsBuilder().setTrain(10).setTest(0);
        spec.getModelBuilder().addLayersBuilder().getFlattenBuilder();
        spec.getModelBuilder().addLayersBuilder().getDenseBuilder().setUnits(10_000_000);
        spec.getModelBuilder().addLayersBuilder().getDenseBuilder().setUnits(10_000_000);
        spec.getModelBuilder().addLayersBuilder().getDenseBuilder().setUnits(10);
        spec.getTrainingBuilder().setEpochs(1).setBatch(1);
        return JobSpecs.withDefaults(spec.build());
    }

    private static void measure(String model, Optional<JobSpec> job, int batch) throws LaunchException {
        new ProcessStepBenchmark()
                .measure(new Request(
                        model,
                        job,
                        Path.of("nowhere"),
                        Optional.of(batch),
                        Optional.empty(),
                        1,
                        "cpu",
                        Optional.empty(),
                        Duration.ofMillis(1),
                        false));
    }
}
