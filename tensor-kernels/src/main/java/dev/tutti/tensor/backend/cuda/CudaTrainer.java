package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.backend.ParameterBuffers;
import dev.tutti.tensor.backend.Program;
import dev.tutti.tensor.backend.Trainer;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.optimizer.SliceOptimizer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** A step is one graph: inputs to the device, launches, the update, outputs back. */
final class CudaTrainer implements Trainer {
    private static final int MOST_FACTORS = 8;

    private final CudaDevice device;
    private final Driver driver;
    private final Graph graph;
    private final SliceOptimizer optimizer;
    private final Arena arena = Arena.ofShared();
    private final DeviceMemory memory;
    private final InputChecks checks;
    private final Staging staging;
    private final PinnedSpace parameters;
    private final MemorySegment factors;
    private final long deviceFactors;
    private final List<Launch> launches;
    private final Launch update;
    private final Capture capture;
    private long updates;

    CudaTrainer(CudaDevice device, Graph graph, ParameterBuffers buffers, SliceOptimizer optimizer) {
        this.device = device;
        this.driver = device.driver();
        this.graph = graph;
        this.optimizer = optimizer;
        device.enter();
        this.checks = new InputChecks(graph);
        this.memory = new DeviceMemory(driver, graph);
        this.capture = new Capture(driver);
        try {
            long bytes = graph.parameterElements() * Float.BYTES;
            Launches kernels = new Launches(driver, device.kernels(), memory, arena);
            CudaKernels binder = new CudaKernels(device, kernels, capture.compute());
            this.launches = graph.instructions().stream().map(binder::bind).toList();
            this.staging = new Staging(device, graph, memory, arena);
            this.parameters = new PinnedSpace(device, buffers.parameters().asSlice(0, bytes), arena);
            this.factors = device.allocatePinned(MOST_FACTORS * Float.BYTES, arena);
            this.deviceFactors = memory.allocate(factors.byteSize());
            List<Long> state = Stream.generate(() -> memory.allocate(Math.max(1, bytes)))
                    .limit(optimizer.stateSlots())
                    .toList();
            this.update = new OptimizerLaunches(kernels, optimizer, state, deviceFactors).update(graph.parameters());
            state.forEach(slot -> driver.fill(slot, (byte) 0, Math.max(1, bytes), capture.compute()));
            writeParameters();
            capture.begin();
            copyIn();
            capture.run(launches);
            update.on(capture.compute());
            staging.copyOut(capture.compute());
            capture.end();
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    private TransferPlan.Range everything() {
        return new TransferPlan.Range(0, graph.parameterElements() * Float.BYTES);
    }

    private void writeParameters() {
        parameters.load();
        driver.copyToDevice(memory.parameters(), parameters.of(everything()), capture.compute());
        driver.synchronize(capture.compute());
    }

    private void copyIn() {
        driver.copyToDevice(deviceFactors, factors, capture.compute());
        staging.copyIn(capture.compute());
    }

    private void prepareUpdate() {
        float[] values = optimizer.rule().factors(++updates);
        MemorySegment.copy(values, 0, factors, ValueLayout.JAVA_FLOAT, 0, values.length);
    }

    @Override
    public MemorySegment input(String name) {
        return staging.of(graph.input(name));
    }

    @Override
    public MemorySegment output(String name) {
        return staging.of(graph.output(name));
    }

    @Override
    public void step() {
        checks.run(staging::of);
        device.enter();
        prepareUpdate();
        capture.launch();
        driver.synchronize(capture.compute());
    }

    @Override
    public void readParameters() {
        device.enter();
        driver.copyToHost(parameters.of(everything()), memory.parameters(), capture.compute());
        driver.synchronize(capture.compute());
        parameters.store(everything());
    }

    @Override
    public List<Program.Timing> profile(int runs) {
        device.enter();
        prepareUpdate();
        copyIn();
        Diagnosis diagnosis = new Diagnosis(driver, graph, memory, launches, capture.compute());
        List<Program.Timing> timings = new ArrayList<>(diagnosis.profile(runs));
        timings.add(new Program.Timing("optimizer", diagnosis.medianNanos(update, runs)));
        return timings;
    }

    @Override
    public void close() {
        device.enter();
        capture.close();
        memory.close();
        arena.close();
    }
}
