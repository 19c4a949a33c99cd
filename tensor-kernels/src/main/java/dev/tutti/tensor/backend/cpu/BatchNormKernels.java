package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.ImageLayout;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.lowering.MemoryPlan;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Batch norm of channels that are runs in memory; [samples, channels] is transposed on the way in and out. */
final class BatchNormKernels {
    private final ProgramMemory memory;
    private final MatrixKernels matrices;

    BatchNormKernels(ProgramMemory memory, MatrixKernels matrices) {
        this.memory = memory;
        this.matrices = matrices;
    }

    /** A tensor whose channels are runs, and how it gets there or back. */
    private record Channels(MemorySegment runs, Kernel transposition) {}

    private Channels in(Tensor x, ImageLayout layout) {
        return transposed(x, layout, true);
    }

    private Channels out(Tensor y, ImageLayout layout) {
        return transposed(y, layout, false);
    }

    private Channels transposed(Tensor tensor, ImageLayout layout, boolean in) {
        MemorySegment own = memory.of(tensor);
        if (layout == ImageLayout.SAMPLES_LAST) {
            return new Channels(own, () -> {});
        }
        if (tensor.shape().rank() != 2) {
            throw new IllegalArgumentException("expected images to be lowered to samples last, got " + tensor);
        }
        int samples = tensor.shape().size(0);
        int channels = tensor.shape().size(1);
        MemorySegment runs = memory.arena().allocate(tensor.byteSize(), MemoryPlan.ALIGNMENT);
        Kernel transposition = in
                ? matrices.transposition(ElementType.F32, samples, channels, own, runs)
                : matrices.transposition(ElementType.F32, channels, samples, runs, own);
        return new Channels(runs, transposition);
    }

    Kernel forward(NormalizationOp.BatchNorm op, List<Tensor> results) {
        Channels x = in(op.x(), op.layout());
        Channels y = out(results.get(0), op.layout());
        Vector gamma = vector(op.gamma());
        Vector beta = vector(op.beta());
        Vector means = vector(results.get(1));
        Vector inverseDeviations = vector(results.get(2));
        Vector variances = vector(results.get(3));
        ChannelRuns runs = new ChannelRuns(x.runs.byteSize() / Float.BYTES / gamma.count());
        return () -> {
            x.transposition.run();
            for (int channel = 0; channel < gamma.count(); channel++) {
                double mean = runs.sum(x.runs, channel) / runs.length();
                double squares = runs.squaredDistance(x.runs, channel, (float) mean);
                double inverseDeviation = 1 / Math.sqrt(squares / runs.length() + op.epsilon());
                means.set(channel, (float) mean);
                inverseDeviations.set(channel, (float) inverseDeviation);
                variances.set(channel, (float) (squares / Math.max(1, runs.length() - 1)));
                float factor = (float) (inverseDeviation * gamma.get(channel));
                runs.scale(x.runs, channel, (float) mean, factor, beta.get(channel), y.runs);
            }
            y.transposition.run();
        };
    }

    Kernel inference(NormalizationOp.BatchNormInference op, Tensor result) {
        Channels x = in(op.x(), op.layout());
        Channels y = out(result, op.layout());
        Vector gamma = vector(op.gamma());
        Vector beta = vector(op.beta());
        Vector means = vector(op.mean());
        Vector variances = vector(op.variance());
        ChannelRuns runs = new ChannelRuns(x.runs.byteSize() / Float.BYTES / gamma.count());
        return () -> {
            x.transposition.run();
            for (int channel = 0; channel < gamma.count(); channel++) {
                float factor = (float) (gamma.get(channel) / Math.sqrt((double) variances.get(channel) + op.epsilon()));
                runs.scale(x.runs, channel, means.get(channel), factor, beta.get(channel), y.runs);
            }
            y.transposition.run();
        };
    }

    Kernel backward(NormalizationOp.BatchNormGradient op, List<Tensor> results) {
        Channels gradient = in(op.gradient(), op.layout());
        Channels x = in(op.x(), op.layout());
        Channels dx = out(results.get(0), op.layout());
        Vector gamma = vector(op.gamma());
        Vector means = vector(op.mean());
        Vector inverseDeviations = vector(op.inverseDeviation());
        Vector dgamma = vector(results.get(1));
        Vector dbeta = vector(results.get(2));
        ChannelRuns runs = new ChannelRuns(x.runs.byteSize() / Float.BYTES / gamma.count());
        return () -> {
            gradient.transposition.run();
            x.transposition.run();
            for (int channel = 0; channel < gamma.count(); channel++) {
                float inverseDeviation = inverseDeviations.get(channel);
                double sum = runs.sum(gradient.runs, channel);
                double product = runs.product(gradient.runs, x.runs, channel, means.get(channel)) * inverseDeviation;
                dbeta.set(channel, (float) sum);
                dgamma.set(channel, (float) product);
                runs.affine(
                        gamma.get(channel) * inverseDeviation,
                        (float) (sum / runs.length()),
                        means.get(channel),
                        (float) (product * inverseDeviation / runs.length()));
                runs.gradient(gradient.runs, x.runs, channel, dx.runs);
            }
            dx.transposition.run();
        };
    }

    private Vector vector(Tensor tensor) {
        return new Vector(memory.of(tensor));
    }
}
