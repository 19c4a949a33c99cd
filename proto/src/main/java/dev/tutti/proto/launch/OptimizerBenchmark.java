package dev.tutti.proto.launch;

import java.time.Duration;

/** Measures the update of a shard's parameters in this process. Provided through {@link java.util.ServiceLoader}. */
public interface OptimizerBenchmark {
    /** The optimizers that differ in what an update costs. */
    enum Rule {
        SGD("sgd"),
        MOMENTUM("momentum"),
        NESTEROV("nesterov"),
        ADAM("adam"),
        ADAMW("adamw"),
        RMSPROP("rmsprop"),
        ADAGRAD("adagrad");

        private final String id;

        Rule(String id) {
            this.id = id;
        }

        public String id() {
            return id;
        }
    }

    /**
     * What to measure.
     *
     * @param time to spend on it, warm-up included
     */
    record Request(long parameters, Rule rule, Duration time) {}

    /**
     * What was found.
     *
     * @param bytesPerParameter that an update reads and writes at least: gradient, parameter and each slot of state
     * @param medianSeconds of an update of all parameters, chunk by chunk, on one thread
     * @param copyBytesPerSecond that this thread reads and writes when it copies memory of the parameters' size, measured in turn
     */
    record Result(
            long parameters, int bytesPerParameter, int updates, double medianSeconds, double copyBytesPerSecond) {
        public double parametersPerSecond() {
            return parameters / medianSeconds;
        }

        public double bytesPerSecond() {
            return parametersPerSecond() * bytesPerParameter;
        }

        public double shareOfCopyBandwidth() {
            return bytesPerSecond() / copyBytesPerSecond;
        }
    }

    /** @throws LaunchException with one sentence for the user */
    Result measure(Request request) throws LaunchException;
}
