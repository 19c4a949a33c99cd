package dev.tutti.benchmarks.optimizer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.launch.OptimizerBenchmark.Request;
import dev.tutti.proto.launch.OptimizerBenchmark.Result;
import dev.tutti.proto.launch.OptimizerBenchmark.Rule;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProcessOptimizerBenchmarkTest {
    @ParameterizedTest
    @CsvSource({"SGD, 0", "MOMENTUM, 1", "NESTEROV, 1", "ADAM, 2", "ADAMW, 2", "RMSPROP, 1", "ADAGRAD, 1"})
    void anUpdateReadsAndWritesTheStateAJobWouldHave(Rule rule, int slots) {
        Result result = new ProcessOptimizerBenchmark().measure(new Request(1000, rule, Duration.ofMillis(1)));

        assertThat(result.bytesPerParameter()).isEqualTo(Float.BYTES * (1 + 2 + 2 * slots));
        assertThat(result.updates()).isPositive();
    }
}
