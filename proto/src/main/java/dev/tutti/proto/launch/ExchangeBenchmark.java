package dev.tutti.proto.launch;

import java.time.Duration;

/**
 * Measures gradients going to shards and parameters coming back, and beside it, in turn, the same bytes by plainer means. Provided through
 * {@link java.util.ServiceLoader}.
 */
public interface ExchangeBenchmark {
    /** What gradients travel as. Parameters come back in the same if it is a float type, else in f32. */
    enum Encoding {
        F32("f32"),
        BF16("bf16"),
        F16("f16"),
        INT8("int8"),
        /** As large a share as a job has that names none. */
        TOP_K("top-k");

        private final String id;

        Encoding(String id) {
            this.id = id;
        }

        /** As in a job file. */
        public String id() {
            return id;
        }
    }

    /** What bytes go through. */
    enum Transport {
        TCP("tcp"),
        /** A Unix domain socket. */
        UDS("uds"),
        /** Payloads through shared memory, the rest through a Unix domain socket: what jobs do on one machine. */
        SHARED_MEMORY("shm");

        private final String id;

        Transport(String id) {
            this.id = id;
        }

        public String id() {
            return id;
        }
    }

    /**
     * What to measure.
     *
     * @param bytes of parameters in f32, whatever travels
     * @param time to spend on each of the three, warm-up included
     */
    record Request(long bytes, int shards, int workers, Encoding encoding, Transport transport, Duration time) {}

    /**
     * What one way of moving the bytes took.
     *
     * @param exchanges that were measured
     * @param medianSeconds of one exchange: all of a worker's gradients out and all parameters in
     * @param goodput payload bytes a second, both directions and all workers together
     * @param cpuSecondsPerGigabyte processor time of this process, which plays all parts, for 10⁹ of those bytes
     */
    record Figures(int exchanges, double medianSeconds, double goodput, double cpuSecondsPerGigabyte) {}

    /**
     * What was found.
     *
     * @param parameters of the model
     * @param payloadBytes that one exchange of one worker moves, both directions
     * @param plainTcp the same bytes over pairs of Java's blocking sockets, echoed
     * @param plainGrpc the same bytes in protobuf {@code bytes} fields over a gRPC stream, echoed
     */
    record Result(
            Request request,
            long parameters,
            long payloadBytes,
            Figures exchange,
            Figures plainTcp,
            Figures plainGrpc) {
        public double parametersPerSecond() {
            return parameters * request.workers() / exchange.medianSeconds();
        }
    }

    /** @throws LaunchException with one sentence for the user */
    Result measure(Request request) throws LaunchException;
}
