package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.HostProgram;
import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ParameterBuffers;
import dev.tutti.tensor.backend.Program;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.Op;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.lowering.Fusion;
import java.util.List;
import java.util.function.Function;

/** Fuses a graph and binds each instruction to a kernel. */
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
        return new CpuBackend(numerics, memory -> new OneDnnKernels(memory, engine, threads));
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
        Graph fused = Fusion.fuse(graph);
        ProgramMemory memory = new ProgramMemory(fused, buffers);
        try {
            MatrixKernels matrices = matrixKernels.apply(memory);
            Binding binding = new Binding(matrices, new ElementwiseKernels(memory), new LossKernels(memory));
            List<Kernel> kernels =
                    fused.instructions().stream().map(binding::bind).toList();
            return new HostProgram(fused, memory, matrices.prologue(), kernels);
        } catch (Throwable e) {
            memory.close();
            throw e;
        }
    }

    private record Binding(MatrixKernels matrices, ElementwiseKernels elementwise, LossKernels losses) {
        Kernel bind(Instruction instruction) {
            Tensor y = instruction.result();
            return switch (instruction.op()) {
                case Op.MatMul op -> matrices.matMul(op, y);
                case Op.Dense op -> dense(op, y);
                case Op.Cast op -> matrices.cast(op, y);
                case Op.AddBias op -> elementwise.addBias(op, y);
                case Op.Add op -> elementwise.add(op, y);
                case Op.Relu op -> elementwise.relu(op, y);
                case Op.ReluGradient op -> elementwise.reluGradient(op, y);
                case Op.ColumnSum op -> elementwise.columnSum(op, y);
                case Op.CrossEntropy op -> losses.crossEntropy(op, y);
                case Op.CrossEntropyGradient op -> losses.crossEntropyGradient(op, y);
                case Op.SquaredError op -> losses.squaredError(op, y);
                case Op.SquaredErrorGradient op -> losses.squaredErrorGradient(op, y);
            };
        }

        /** The activation follows while the result is in the cache: oneDNN's own relu makes a NaN 0, and so would hide it from the loss. */
        private Kernel dense(Op.Dense op, Tensor y) {
            Kernel affine = matrices.dense(op, y);
            return switch (op.activation()) {
                case IDENTITY -> affine;
                case RELU -> {
                    Kernel relu = elementwise.reluInPlace(y);
                    yield () -> {
                        affine.run();
                        relu.run();
                    };
                }
            };
        }
    }
}
