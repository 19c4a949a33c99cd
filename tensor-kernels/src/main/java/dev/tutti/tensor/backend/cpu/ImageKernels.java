package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.ConvolutionOp;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.ImageLayout;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.tensor.graph.Tensor;
import java.util.List;

/** What models of images are made of: convolution, pooling, batch norm, dropout, other layouts. Graphs have been through {@link dev.tutti.tensor.lowering.SamplesLast}. */
final class ImageKernels {
    private final ConvolutionKernels convolutions;
    private final PoolingKernels pooling;
    private final BatchNormKernels batchNorms;
    private final DropoutKernels dropouts;
    private final LayoutKernels layouts;

    ImageKernels(ProgramMemory memory, MatrixKernels matrices) {
        this.convolutions = new ConvolutionKernels(memory, matrices);
        this.pooling = new PoolingKernels(memory);
        this.batchNorms = new BatchNormKernels(memory, matrices);
        this.dropouts = new DropoutKernels(memory);
        this.layouts = new LayoutKernels(memory, matrices);
    }

    Kernel bind(ConvolutionOp op, List<Tensor> results) {
        if (op.layout() != ImageLayout.SAMPLES_LAST) {
            throw new IllegalArgumentException("expected images to be lowered to samples last, got " + op);
        }
        Tensor y = results.getFirst();
        return switch (op) {
            case ConvolutionOp.Conv2d conv -> convolutions.forward(conv, y);
            case ConvolutionOp.Conv2dMaxPool conv -> convolutions.forwardMaxPool(conv, results);
            case ConvolutionOp.Conv2dInputGradient conv -> convolutions.inputGradient(conv, y);
            case ConvolutionOp.Conv2dWeightGradient conv -> convolutions.weightGradient(conv, results);
            case ConvolutionOp.MaxPool pool -> pooling.max(pool, y);
            case ConvolutionOp.MaxPoolGradient pool -> pooling.maxGradient(pool, y);
            case ConvolutionOp.MaxPoolScatter pool -> pooling.scatter(pool, y);
            case ConvolutionOp.AveragePool pool -> pooling.average(pool, y);
            case ConvolutionOp.AveragePoolGradient pool -> pooling.averageGradient(pool, y);
        };
    }

    Kernel batchNorm(NormalizationOp.BatchNorm op, List<Tensor> results) {
        return batchNorms.forward(op, results);
    }

    Kernel batchNormGradient(NormalizationOp.BatchNormGradient op, List<Tensor> results) {
        return batchNorms.backward(op, results);
    }

    Kernel batchNormInference(NormalizationOp.BatchNormInference op, Tensor result) {
        return batchNorms.inference(op, result);
    }

    Kernel dropout(ElementwiseOp.Dropout op, Tensor result) {
        return dropouts.bind(op, result);
    }

    Kernel layout(LayoutOp op, Tensor result) {
        return layouts.bind(op, result);
    }
}
