package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.backend.ParameterBuffers;
import dev.tutti.tensor.backend.Program;
import dev.tutti.tensor.backend.Trainer;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.optimizer.SliceOptimizer;
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
    private final SliceOptimizer optimizer;
    private final BoundGraph bound;
    private final TransferPlan.Range everything;
    private final PinnedSpace parameters;
    private final MemorySegment factors;
    private final long deviceFactors;
    private final Launch update;
    private final long stream;
    private long updates;

    CudaTrainer(CudaDevice device, Graph graph, ParameterBuffers buffers, SliceOptimizer optimizer) {
        this.device = device;
        this.driver = device.driver();
        this.optimizer = optimizer;
        this.bound = new BoundGraph(device, graph);
        this.stream = bound.capture().compute();
        try {
            long bytes = graph.parameterElements() * Float.BYTES;
            this.everything = new TransferPlan.Range(0, bytes);
            this.parameters = new PinnedSpace(device, buffers.parameters().asSlice(0, bytes), bound.arena());
            this.factors = device.allocatePinned(MOST_FACTORS * Float.BYTES, bound.arena());
            this.deviceFactors = bound.memory().allocate(factors.byteSize());
            this.update = new OptimizerLaunches(bound.binder(), optimizer, zeros(bytes), deviceFactors)
                    .update(graph.parameters());
            parameters.load();
            driver.copyToDevice(bound.memory().parameters(), parameters.of(everything), stream);
            driver.synchronize(stream);
            capture();
        } catch (Throwable e) {
            bound.closeAfter(e);
            throw e;
        }
    }

    /** The optimizer's state. */
    private List<Long> zeros(long bytes) {
        long atLeastOne = Math.max(1, bytes);
        List<Long> slots = Stream.generate(() -> bound.memory().allocate(atLeastOne))
                .limit(optimizer.stateSlots())
                .toList();
        slots.forEach(slot -> driver.fill(slot, (byte) 0, atLeastOne, stream));
        return slots;
    }

    private void capture() {
        Capture capture = bound.capture();
        capture.begin();
        copyIn();
        bound.staging().copyOut(capture);
        bound.run();
        update.on(stream);
        capture.end();
    }

    private void copyIn() {
        driver.copyToDevice(deviceFactors, factors, stream);
        bound.staging().copyIn(stream);
    }

    private void prepareUpdate() {
        float[] values = optimizer.rule().factors(++updates);
        MemorySegment.copy(values, 0, factors, ValueLayout.JAVA_FLOAT, 0, values.length);
    }

    @Override
    public MemorySegment input(String name) {
        return bound.input(name);
    }

    @Override
    public MemorySegment output(String name) {
        return bound.output(name);
    }

    @Override
    public void step() {
        bound.check();
        prepareUpdate();
        bound.launch();
        driver.synchronize(stream);
    }

    @Override
    public void readParameters() {
        device.enter();
        driver.copyToHost(parameters.of(everything), bound.memory().parameters(), stream);
        driver.synchronize(stream);
        parameters.store(everything);
    }

    @Override
    public List<Program.Timing> profile(int runs) {
        device.enter();
        prepareUpdate();
        copyIn();
        Diagnosis diagnosis = bound.diagnosis();
        List<Program.Timing> timings = new ArrayList<>(diagnosis.profile(runs));
        timings.add(new Program.Timing("optimizer", diagnosis.medianNanos(update, runs)));
        return timings;
    }

    @Override
    public void close() {
        bound.close();
    }
}
