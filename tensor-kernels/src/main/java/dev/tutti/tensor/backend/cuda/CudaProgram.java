package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.backend.GradientSink;
import dev.tutti.tensor.backend.ParameterBuffers;
import dev.tutti.tensor.backend.Program;
import dev.tutti.tensor.graph.Graph;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * One graph of launches and copies a run. Parameters go to the device while the first layers already compute, and gradients come back while the backward pass
 * goes on, so that the sink hears of them in time; outputs come before them. What stands in memory of the host before and after is what a program of any other
 * backend has there.
 */
final class CudaProgram implements Program {
    private final CudaDevice device;
    private final Driver driver;
    private final BoundGraph bound;
    private final TransferPlan transfers;
    private final PinnedSpace parameters;
    private final PinnedSpace gradients;

    CudaProgram(CudaDevice device, Graph graph, ParameterBuffers buffers, long pieceBytes) {
        this.device = device;
        this.driver = device.driver();
        this.bound = new BoundGraph(device, graph);
        try {
            this.transfers = TransferPlan.of(graph, pieceBytes);
            long bytes = graph.parameterElements() * Float.BYTES;
            long gradientBytes = graph.gradients().isEmpty() ? 0 : bytes;
            this.parameters = new PinnedSpace(device, buffers.parameters().asSlice(0, bytes), bound.arena());
            this.gradients = new PinnedSpace(device, buffers.gradients().asSlice(0, gradientBytes), bound.arena());
            capture();
        } catch (Throwable e) {
            bound.closeAfter(e);
            throw e;
        }
    }

    private void capture() {
        Capture capture = bound.capture();
        capture.begin();
        bound.staging().copyIn(capture.compute());
        for (TransferPlan.Piece piece : transfers.uploads()) {
            capture.upload(piece.instruction(), stream -> upload(piece, stream));
        }
        for (TransferPlan.Piece piece : transfers.downloads()) {
            capture.download(piece.instruction(), stream -> download(piece, stream));
        }
        bound.staging().copyOut(capture);
        bound.run();
        capture.end();
    }

    private void upload(TransferPlan.Piece piece, long stream) {
        long base = bound.memory().parameters();
        piece.ranges().forEach(range -> driver.copyToDevice(base + range.begin(), parameters.of(range), stream));
    }

    private void download(TransferPlan.Piece piece, long stream) {
        long base = bound.memory().gradients();
        piece.ranges().forEach(range -> driver.copyToHost(gradients.of(range), base + range.begin(), stream));
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
    public void run(GradientSink sink) {
        bound.check();
        parameters.load();
        bound.launch();
        try {
            List<TransferPlan.Piece> downloads = transfers.downloads();
            for (int i = 0; i < downloads.size(); i++) {
                bound.capture().awaitDownload(i);
                downloads.get(i).ranges().forEach(gradients::store);
                downloads.get(i).parameters().forEach(sink::gradientReady);
            }
        } finally {
            // Also if the sink failed: nothing must write to this memory behind the caller's back.
            driver.synchronize(bound.capture().compute());
        }
    }

    private void copyIn() {
        device.enter();
        parameters.load();
        long stream = bound.capture().compute();
        transfers.uploads().forEach(piece -> upload(piece, stream));
        bound.staging().copyIn(stream);
    }

    @Override
    public Optional<String> firstNonFinite() {
        copyIn();
        return bound.diagnosis().firstNonFinite();
    }

    @Override
    public List<Timing> profile(int runs) {
        copyIn();
        return bound.diagnosis().profile(runs);
    }

    @Override
    public long arenaByteSize() {
        return bound.memory().arenaByteSize();
    }

    @Override
    public void close() {
        bound.close();
    }
}
