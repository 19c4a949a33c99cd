package dev.tutti.tensor.backend;

import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.Parameter;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.lowering.MemoryPlan;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The memory of every tensor of a program on the host: a slice of the program's own block, of the parameters, or of the gradients.
 * Owns the block, and whatever kernels allocate in {@link #arena()}.
 */
public final class ProgramMemory implements AutoCloseable {
    private final Arena arena;
    private final long blockByteSize;
    private final @Nullable MemorySegment[] segments;

    public ProgramMemory(Graph graph, ParameterBuffers buffers) {
        MemoryPlan plan = MemoryPlan.of(graph);
        this.blockByteSize = plan.byteSize();
        this.segments = new @Nullable MemorySegment[graph.tensorIds()];
        this.arena = Arena.ofShared();
        try {
            placeAll(graph, buffers, plan, arena.allocate(plan.byteSize(), MemoryPlan.ALIGNMENT));
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    private void placeAll(Graph graph, ParameterBuffers buffers, MemoryPlan plan, MemorySegment block) {
        graph.inputs().forEach(input -> place(input, plan, block));
        for (int i = 0; i < graph.parameters().size(); i++) {
            Parameter parameter = graph.parameters().get(i);
            segments[graph.parameterTensors().get(i).id()] = slice(buffers.parameters(), parameter);
            if (!graph.gradients().isEmpty()) {
                segments[graph.gradients().get(i).id()] = slice(buffers.gradients(), parameter);
            }
        }
        for (Instruction instruction : graph.instructions()) {
            for (Tensor result : instruction.results()) {
                if (plan.contains(result)) {
                    place(result, plan, block);
                } else if (segments[result.id()] == null) {
                    segments[result.id()] = of(plan.root(result));
                }
            }
        }
    }

    /** Dense, row-major, exactly as long as the tensor. */
    public MemorySegment of(Tensor tensor) {
        MemorySegment segment = segments[tensor.id()];
        if (segment == null) {
            throw new IllegalArgumentException(tensor + " is not a tensor of this program");
        }
        return segment;
    }

    /** The tensor's elements one by one. */
    public Values values(Tensor tensor) {
        return Values.of(of(tensor), tensor.type());
    }

    /** For what kernels need besides tensors; closed with the program. */
    public Arena arena() {
        return arena;
    }

    public long blockByteSize() {
        return blockByteSize;
    }

    @Override
    public void close() {
        arena.close();
    }

    private void place(Tensor tensor, MemoryPlan plan, MemorySegment block) {
        segments[tensor.id()] = block.asSlice(plan.offset(tensor), tensor.byteSize());
    }

    private static MemorySegment slice(MemorySegment flat, Parameter parameter) {
        return flat.asSlice(parameter.offset() * Float.BYTES, parameter.elementCount() * Float.BYTES);
    }
}
