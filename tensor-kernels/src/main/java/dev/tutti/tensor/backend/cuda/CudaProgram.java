package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.backend.GradientSink;
import dev.tutti.tensor.backend.ParameterBuffers;
import dev.tutti.tensor.backend.Program;
import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * One graph of launches a run: inputs and parameters go to the device before it, outputs and gradients come back behind it. What stands in memory of the host
 * before and after is what a program of any other backend has there.
 */
final class CudaProgram implements Program {
    private final CudaDevice device;
    private final Driver driver;
    private final Graph graph;
    private final ParameterBuffers buffers;
    private final DeviceMemory memory;
    private final Arena arena;
    private final List<Launch> launches;
    private final InputChecks checks;
    private final Map<Tensor, MemorySegment> staging = new HashMap<>();
    /** Gradients as they become final, last layer first. */
    private final int[] finalOrder;

    private final long stream;
    private final long captured;

    CudaProgram(CudaDevice device, Graph graph, ParameterBuffers buffers) {
        this.device = device;
        this.driver = device.driver();
        this.graph = graph;
        this.buffers = buffers;
        device.enter();
        this.checks = new InputChecks(graph);
        this.memory = new DeviceMemory(driver, graph);
        this.arena = Arena.ofShared();
        this.stream = driver.createStream();
        Launches places = new Launches(driver, device.kernels(), memory, arena);
        CudaKernels kernels = new CudaKernels(
                places, device.products().map(library -> new ProductPlans(library, device.tf32(), places, stream)));
        this.launches = graph.instructions().stream().map(kernels::bind).toList();
        Stream.concat(graph.inputs().stream(), graph.outputs().values().stream())
                .distinct()
                .forEach(tensor -> staging.put(tensor, driver.allocatePinned(tensor.byteSize())));
        this.finalOrder = graph.instructions().stream()
                .flatMapToInt(instruction -> instruction.results().stream()
                        .mapToInt(graph.gradients()::indexOf)
                        .filter(parameter -> parameter >= 0))
                .toArray();
        driver.beginCapture(stream);
        launches.forEach(launch -> launch.on(stream));
        this.captured = driver.endCapture(stream);
    }

    @Override
    public MemorySegment input(String name) {
        return staged(graph.input(name));
    }

    @Override
    public MemorySegment output(String name) {
        return staged(graph.output(name));
    }

    private MemorySegment staged(Tensor tensor) {
        MemorySegment segment = staging.get(tensor);
        if (segment == null) {
            throw new IllegalArgumentException(tensor + " is neither input nor output");
        }
        return segment;
    }

    @Override
    public void run(GradientSink sink) {
        checks.run(this::staged);
        device.enter();
        copyIn();
        driver.launchGraph(captured, stream);
        for (Tensor output : graph.outputs().values()) {
            driver.copyToHost(staged(output), memory.of(output), stream);
        }
        if (!graph.gradients().isEmpty()) {
            driver.copyToHost(
                    buffers.gradients().asSlice(0, graph.parameterElements() * Float.BYTES),
                    memory.gradients(),
                    stream);
        }
        driver.synchronize(stream);
        for (int parameter : finalOrder) {
            sink.gradientReady(parameter);
        }
    }

    private void copyIn() {
        if (graph.parameterElements() > 0) {
            driver.copyToDevice(
                    memory.parameters(),
                    buffers.parameters().asSlice(0, graph.parameterElements() * Float.BYTES),
                    stream);
        }
        for (Tensor input : graph.inputs()) {
            driver.copyToDevice(memory.of(input), staged(input), stream);
        }
    }

    @Override
    public Optional<String> firstNonFinite() {
        device.enter();
        copyIn();
        Optional<String> source = Stream.concat(graph.parameterTensors().stream(), graph.inputs().stream())
                .filter(this::isNonFinite)
                .map(Tensor::name)
                .findFirst();
        if (source.isPresent()) {
            return source;
        }
        for (int i = 0; i < launches.size(); i++) {
            launches.get(i).on(stream);
            Optional<String> result = graph.instructions().get(i).results().stream()
                    .filter(this::isNonFinite)
                    .map(Tensor::name)
                    .findFirst();
            if (result.isPresent()) {
                return result;
            }
        }
        return Optional.empty();
    }

    private boolean isNonFinite(Tensor tensor) {
        if (!tensor.type().isFloat()) {
            return false;
        }
        try (Arena confined = Arena.ofConfined()) {
            MemorySegment copy = confined.allocate(tensor.byteSize(), Long.BYTES);
            driver.copyToHost(copy, memory.of(tensor), stream);
            driver.synchronize(stream);
            return Values.of(copy, tensor.type()).doubles().anyMatch(value -> !Double.isFinite(value));
        }
    }

    @Override
    public List<Timing> profile(int runs) {
        device.enter();
        copyIn();
        driver.synchronize(stream);
        long[][] nanos = new long[launches.size()][runs];
        for (int run = 0; run < runs; run++) {
            for (int i = 0; i < launches.size(); i++) {
                long begin = System.nanoTime();
                launches.get(i).on(stream);
                driver.synchronize(stream);
                nanos[i][run] = System.nanoTime() - begin;
            }
        }
        List<Timing> timings = new ArrayList<>();
        IntStream.range(0, nanos.length).forEach(i -> {
            Arrays.sort(nanos[i]);
            timings.add(new Timing(graph.instructions().get(i).toString(), nanos[i][runs / 2]));
        });
        return timings;
    }

    @Override
    public long arenaByteSize() {
        return memory.blockByteSize();
    }

    @Override
    public void close() {
        device.enter();
        driver.synchronize(stream);
        driver.destroyGraph(captured);
        driver.destroyStream(stream);
        staging.values().forEach(driver::freePinned);
        memory.close();
        arena.close();
    }
}
