package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Inputs and outputs of a program on the host, page-locked. */
final class Staging {
    private final Driver driver;
    private final Graph graph;
    private final DeviceMemory memory;
    private final Map<Tensor, MemorySegment> segments = new HashMap<>();

    Staging(CudaDevice device, Graph graph, DeviceMemory memory, Arena arena) {
        this.driver = device.driver();
        this.graph = graph;
        this.memory = memory;
        Stream.concat(graph.inputs().stream(), graph.outputs().values().stream())
                .distinct()
                .forEach(tensor -> segments.put(tensor, device.allocatePinned(tensor.byteSize(), arena)));
    }

    /** @param tensor an input or an output */
    MemorySegment of(Tensor tensor) {
        MemorySegment segment = segments.get(tensor);
        if (segment == null) {
            throw new IllegalArgumentException(tensor + " is neither input nor output");
        }
        return segment;
    }

    void copyIn(long stream) {
        graph.inputs().forEach(input -> driver.copyToDevice(memory.of(input), of(input), stream));
    }

    /** Each as soon as it is computed. */
    void copyOut(Capture capture) {
        for (Tensor output : graph.outputs().values()) {
            capture.output(writer(output), stream -> driver.copyToHost(of(output), memory.of(output), stream));
        }
    }

    /** The instruction behind which an output is there; before all if it is an input. */
    private int writer(Tensor output) {
        return IntStream.range(0, graph.instructions().size())
                .filter(i -> graph.instructions().get(i).results().contains(output))
                .findFirst()
                .orElse(-1);
    }
}
