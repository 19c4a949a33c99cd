package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.HostProgram;
import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ParameterBuffers;
import dev.tutti.tensor.backend.Program;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.backend.reference.ReferenceKernels;
import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ConvolutionOp;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.LossOp;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.lowering.Lowering;
import java.util.List;
import java.util.function.Function;

/** Lowers a graph and binds each instruction to a kernel. */
final class CpuBackend implements Backend {
    static final String NAME = "cpu";

    private final String numerics;
    private final Function<ProgramMemory, MatrixKernels> matrixKernels;

    private CpuBackend(String numerics, Function<ProgramMemory, MatrixKernels> matrixKernels) {
        this.numerics = numerics;
        this.matrixKernels = matrixKernels;
    }

    static CpuBackend oneDnn(int threads) {
        var engine = OneDnn.engine();
        String numerics = "cpu: oneDNN %s, %s, threads %d"
                .formatted(OneDnn.libraryVersion(), OneDnn.instructionSetName(), threads);
        boolean computesBf16 = OneDnnMatMul.computesBf16(engine);
        return new CpuBackend(numerics, memory -> new OneDnnKernels(memory, engine, threads, computesBf16));
    }

    static CpuBackend portable() {
        return new CpuBackend("cpu: portable loops, threads 1", PortableKernels::new);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String numerics() {
        return numerics;
    }

    @Override
    public Program compile(Graph graph, ParameterBuffers buffers) {
        Graph fused = Lowering.lower(graph);
        ProgramMemory memory = new ProgramMemory(fused, buffers);
        try {
            MatrixKernels matrices = matrixKernels.apply(memory);
            Scratch scratch = new Scratch(memory.arena());
            Binding binding = new Binding(
                    matrices,
                    new AffineKernels(memory, matrices, scratch),
                    new ElementwiseKernels(memory),
                    new LossKernels(memory),
                    new CrossEntropyKernels(memory),
                    new NormalizationKernels(memory),
                    new ActivationKernels(memory),
                    new SequenceKernels(memory, matrices, scratch),
                    new ImageKernels(memory, matrices),
                    new ReferenceKernels(memory));
            List<Kernel> kernels =
                    fused.instructions().stream().map(binding::bind).toList();
            return new HostProgram(fused, memory, matrices.prologue(), kernels);
        } catch (Throwable e) {
            memory.close();
            throw e;
        }
    }

    /** Each instruction's kernel. Operations that have none of their own run in the reference backend's loops. */
    private record Binding(
            MatrixKernels matrices,
            AffineKernels products,
            ElementwiseKernels elementwise,
            LossKernels losses,
            CrossEntropyKernels crossEntropy,
            NormalizationKernels norms,
            ActivationKernels activations,
            SequenceKernels sequences,
            ImageKernels images,
            ReferenceKernels loops) {
        Kernel bind(Instruction instruction) {
            Tensor y = instruction.result();
            return switch (instruction.op()) {
                case MatrixOp.MatMul op -> products.matMul(op, y);
                case MatrixOp.RoundedMatMul op -> products.matMul(op, y);
                case MatrixOp.Dense op -> dense(op, y);
                case MatrixOp.AddBias op -> elementwise.addBias(op, y);
                case MatrixOp.ColumnSum op -> products.columnSum(op, y);
                case ElementwiseOp.Cast op -> matrices.cast(op, y);
                case ElementwiseOp.Add op -> matrices.add(op, y);
                case ElementwiseOp.Activate op when op.activation() == Activation.RELU -> elementwise.relu(op, y);
                case ElementwiseOp.ActivateGradient op
                when op.activation() == Activation.RELU -> elementwise.reluGradient(op, y);
                case ElementwiseOp.Activate op -> activations.activate(op, y);
                case ElementwiseOp.ActivateGradient op
                when op.saved().type() == ElementType.F32 -> activations.gradient(op, y);
                case ElementwiseOp.Scale op -> activations.scale(op, y);
                case NormalizationOp.Softmax op -> norms.softmax(op, y);
                case NormalizationOp.SoftmaxGradient op -> norms.softmaxGradient(op, y);
                case NormalizationOp.LayerNorm op -> matrices.layerNorm(op, instruction.results());
                case NormalizationOp.LayerNormGradient op -> matrices.layerNormGradient(op, instruction.results());
                case SequenceOp op -> sequences.bind(op, instruction.results());
                case LossOp.CrossEntropy op -> crossEntropy.loss(op, y);
                case LossOp.CrossEntropyGradient op -> crossEntropy.gradient(op, y);
                case LossOp.SquaredError op -> losses.squaredError(op, y);
                case LossOp.SquaredErrorGradient op -> losses.squaredErrorGradient(op, y);
                case LossOp.BinaryCrossEntropy op -> losses.binaryCrossEntropy(op, y);
                case LossOp.BinaryCrossEntropyGradient op -> losses.binaryCrossEntropyGradient(op, y);
                case ElementwiseOp.Dropout op -> images.dropout(op, y);
                case LayoutOp op -> images.layout(op, y);
                case ConvolutionOp op -> images.bind(op, instruction.results());
                case NormalizationOp.BatchNorm op -> images.batchNorm(op, instruction.results());
                case NormalizationOp.BatchNormGradient op -> images.batchNormGradient(op, instruction.results());
                case NormalizationOp.BatchNormInference op -> images.batchNormInference(op, y);
                case ElementwiseOp.ActivateGradient _ -> loops.bind(instruction);
            };
        }

        /** The activation follows while the result is in the cache: oneDNN's own relu makes a NaN 0, and so would hide it from the loss. */
        private Kernel dense(MatrixOp.Dense op, Tensor y) {
            Kernel affine = products.dense(op, y);
            return switch (op.activation()) {
                case IDENTITY -> affine;
                case RELU -> {
                    Kernel relu = elementwise.reluInPlace(y);
                    yield () -> {
                        affine.run();
                        relu.run();
                    };
                }
                case GELU, TANH, SIGMOID -> throw new IllegalStateException("fusion made " + op);
            };
        }
    }
}
