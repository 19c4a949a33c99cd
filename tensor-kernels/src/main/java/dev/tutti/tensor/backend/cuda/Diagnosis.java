package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.backend.Program;
import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
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
        driver.synchronize(stream);
        long[][] nanos = new long[launches.size()][runs];
        for (int run = 0; run < runs; run++) {
            for (int i = 0; i < launches.size(); i++) {
                nanos[i][run] = nanos(launches.get(i));
            }
        }
        return IntStream.range(0, nanos.length)
                .mapToObj(i -> new Program.Timing(graph.instructions().get(i).toString(), median(nanos[i])))
                .toList();
    }

    long medianNanos(Launch launch, int runs) {
        return median(LongStream.range(0, runs).map(_ -> nanos(launch)).toArray());
    }

    private long nanos(Launch launch) {
        long begin = System.nanoTime();
        launch.on(stream);
        driver.synchronize(stream);
        return System.nanoTime() - begin;
    }

    private static long median(long[] nanos) {
        Arrays.sort(nanos);
        return nanos[nanos.length / 2];
    }
}
