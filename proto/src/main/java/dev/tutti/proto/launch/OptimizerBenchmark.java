package dev.tutti.proto.launch;

import java.time.Duration;

/** Measures the update of a shard's parameters in this process. Provided through {@link java.util.ServiceLoader}. */
public interface OptimizerBenchmark {
    /**
     * What to measure.
     *
     * @param optimizer sgd, momentum, nesterov, adam, adamw, rmsprop or adagrad
     * @param time to spend on it, warm-up included
     */
    record Request(long parameters, String optimizer, Duration time) {}

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
