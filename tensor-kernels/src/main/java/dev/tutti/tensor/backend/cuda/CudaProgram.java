package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.backend.GradientSink;
import dev.tutti.tensor.backend.ParameterBuffers;
import dev.tutti.tensor.backend.Program;
import dev.tutti.tensor.graph.Graph;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * One graph of launches and copies a run. Parameters go to the device while the first layers already compute, and gradients come back while the backward pass
 * goes on, so that the sink hears of them in time. What stands in memory of the host before and after is what a program of any other backend has there.
 */
final class CudaProgram implements Program {
    private final CudaDevice device;
    private final Driver driver;
    private final Graph graph;
    private final DeviceMemory memory;
    private final Arena arena = Arena.ofShared();
    private final List<Launch> launches;
    private final InputChecks checks;
    private final Staging staging;
    private final TransferPlan transfers;
    private final PinnedSpace parameters;
    private final PinnedSpace gradients;
    private final Capture capture;

    CudaProgram(CudaDevice device, Graph graph, ParameterBuffers buffers, long pieceBytes) {
        this.device = device;
        this.driver = device.driver();
        this.graph = graph;
        device.enter();
        this.checks = new InputChecks(graph);
        this.memory = new DeviceMemory(driver, graph);
        this.capture = new Capture(driver);
        try {
            CudaKernels kernels =
                    new CudaKernels(device, new Launches(driver, device.kernels(), memory, arena), capture.compute());
            this.launches = graph.instructions().stream().map(kernels::bind).toList();
            this.staging = new Staging(device, graph, memory, arena);
            this.transfers = TransferPlan.of(graph, pieceBytes);
            long bytes = graph.parameterElements() * Float.BYTES;
            this.parameters = new PinnedSpace(device, buffers.parameters().asSlice(0, bytes), arena);
            this.gradients = new PinnedSpace(
                    device, buffers.gradients().asSlice(0, graph.gradients().isEmpty() ? 0 : bytes), arena);
            capture.begin();
            staging.copyIn(capture.compute());
            for (TransferPlan.Piece piece : transfers.uploads()) {
                capture.upload(piece.instruction(), stream -> upload(piece, stream));
            }
            for (TransferPlan.Piece piece : transfers.downloads()) {
                capture.download(piece.instruction(), stream -> download(piece, stream));
            }
            capture.run(launches);
            staging.copyOut(capture.compute());
            capture.end();
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    private void upload(TransferPlan.Piece piece, long stream) {
        piece.ranges()
                .forEach(range ->
                        driver.copyToDevice(memory.parameters() + range.begin(), parameters.of(range), stream));
    }

    private void download(TransferPlan.Piece piece, long stream) {
        piece.ranges()
                .forEach(range -> driver.copyToHost(gradients.of(range), memory.gradients() + range.begin(), stream));
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
    public void run(GradientSink sink) {
        checks.run(staging::of);
        device.enter();
        parameters.load();
        capture.launch();
        List<TransferPlan.Piece> downloads = transfers.downloads();
        for (int i = 0; i < downloads.size(); i++) {
            capture.awaitDownload(i);
            downloads.get(i).ranges().forEach(gradients::store);
            downloads.get(i).parameters().forEach(sink::gradientReady);
        }
        driver.synchronize(capture.compute());
    }

    private long copyIn() {
        device.enter();
        parameters.load();
        transfers.uploads().forEach(piece -> upload(piece, capture.compute()));
        staging.copyIn(capture.compute());
        return capture.compute();
    }

    @Override
    public Optional<String> firstNonFinite() {
        return new Diagnosis(driver, graph, memory, launches, copyIn()).firstNonFinite();
    }

    @Override
    public List<Timing> profile(int runs) {
        return new Diagnosis(driver, graph, memory, launches, copyIn()).profile(runs);
    }

    @Override
    public long arenaByteSize() {
        return memory.arenaByteSize();
    }

    @Override
    public void close() {
        device.enter();
        capture.close();
        memory.close();
        arena.close();
    }
}
