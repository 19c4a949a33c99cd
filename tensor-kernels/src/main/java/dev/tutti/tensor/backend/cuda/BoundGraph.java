package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.graph.Graph;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** A graph with memory on the device, launches bound to it, its inputs and outputs on the host, and streams: what a program and a trainer have in common. */
final class BoundGraph implements AutoCloseable {
    private final CudaDevice device;
    private final Driver driver;
    private final Graph graph;
    private final InputChecks checks;
    private final DeviceMemory memory;
    private final Arena arena = Arena.ofShared();
    private final Launches binder;
    private final List<Launch> launches;
    private final Staging staging;
    private final Capture capture;

    /** Makes the device the calling thread's. */
    BoundGraph(CudaDevice device, Graph graph) {
        this.device = device;
        this.driver = device.driver();
        this.graph = graph;
        device.enter();
        this.checks = new InputChecks(graph);
        this.memory = new DeviceMemory(driver, graph);
        try {
            this.capture = new Capture(driver);
            this.binder = new Launches(driver, device.kernels(), memory, arena);
            CudaKernels kernels = new CudaKernels(device, binder, capture.compute());
            this.launches = graph.instructions().stream().map(kernels::bind).toList();
            this.staging = new Staging(device, graph, memory, arena);
        } catch (Throwable e) {
            memory.close();
            arena.close();
            throw e;
        }
    }

    DeviceMemory memory() {
        return memory;
    }

    /** For what outlives a launch; ends with this. */
    Arena arena() {
        return arena;
    }

    Launches binder() {
        return binder;
    }

    Staging staging() {
        return staging;
    }

    Capture capture() {
        return capture;
    }

    /** Captures the launches, and what was asked of the capture before. */
    void run() {
        capture.run(launches);
    }

    MemorySegment input(String name) {
        return staging.of(graph.input(name));
    }

    MemorySegment output(String name) {
        return staging.of(graph.output(name));
    }

    /** Starts what was captured. */
    void launch() {
        capture.launch();
    }

    /** Before inputs are read. @throws IllegalArgumentException if one of them cannot be */
    void check() {
        checks.run(staging::of);
        device.enter();
    }

    Diagnosis diagnosis() {
        return new Diagnosis(driver, graph, memory, launches, capture.compute());
    }

    @Override
    public void close() {
        device.enter();
        try {
            capture.close();
        } finally {
            memory.close();
            arena.close();
        }
    }

    /** After a failure, which comes first. */
    void closeAfter(Throwable failure) {
        try {
            close();
        } catch (RuntimeException e) {
            failure.addSuppressed(e);
        }
    }
}
