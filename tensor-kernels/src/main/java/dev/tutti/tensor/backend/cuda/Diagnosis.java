package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.backend.Program;
import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A program's launches one by one instead of as a graph.
 *
 * @param launches of the graph's instructions, in their order
 * @param stream on which inputs and parameters have been copied to the device
 */
record Diagnosis(Driver driver, Graph graph, DeviceMemory memory, List<Launch> launches, long stream) {
    Optional<String> firstNonFinite() {
        Optional<String> source =
                firstNonFinite(Stream.concat(graph.parameterTensors().stream(), graph.inputs().stream()));
        for (int i = 0; i < launches.size() && source.isEmpty(); i++) {
            launches.get(i).on(stream);
            source = firstNonFinite(graph.instructions().get(i).results().stream());
        }
        return source;
    }

    private Optional<String> firstNonFinite(Stream<Tensor> tensors) {
        return tensors.filter(this::isNonFinite).map(Tensor::name).findFirst();
    }

    private boolean isNonFinite(Tensor tensor) {
        if (!tensor.type().isFloat()) {
            return false;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate(tensor.byteSize(), Long.BYTES);
            driver.copyToHost(copy, memory.of(tensor), stream);
            driver.synchronize(stream);
            return Values.of(copy, tensor.type()).doubles().anyMatch(value -> !Double.isFinite(value));
        }
    }

    List<Program.Timing> profile(int runs) {
        long[] nanos = medianNanos(launches, runs);
        return IntStream.range(0, nanos.length)
                .mapToObj(i -> new Program.Timing(graph.instructions().get(i).toString(), nanos[i]))
                .toList();
    }

    long medianNanos(Launch launch, int runs) {
        return medianNanos(List.of(launch), runs)[0];
    }

    /** Of each, on the device's clock: the host hands over a whole run before it waits. */
    private long[] medianNanos(List<Launch> timed, int runs) {
        List<Long> events = new ArrayList<>();
        try {
            for (int i = 0; i <= timed.size(); i++) {
                events.add(driver.createTimedEvent());
            }
            long[][] nanos = new long[timed.size()][runs];
            for (int run = 0; run < runs; run++) {
                run(timed, events);
                for (int i = 0; i < nanos.length; i++) {
                    nanos[i][run] = driver.nanosBetween(events.get(i), events.get(i + 1));
                }
            }
            return Arrays.stream(nanos).mapToLong(Diagnosis::median).toArray();
        } finally {
            events.forEach(driver::destroyEvent);
        }
    }

    /** An event before each launch, and one behind the last. */
    private void run(List<Launch> timed, List<Long> events) {
        driver.record(events.getFirst(), stream);
        for (int i = 0; i < timed.size(); i++) {
            timed.get(i).on(stream);
            driver.record(events.get(i + 1), stream);
        }
        driver.synchronizeEvent(events.getLast());
    }

    private static long median(long[] nanos) {
        Arrays.sort(nanos);
        return nanos[nanos.length / 2];
    }
}
