package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Copies of contiguous runs, and sums of them. */
final class LayoutKernels {
    private final ProgramMemory memory;
    private final MatrixKernels matrices;

    LayoutKernels(ProgramMemory memory, MatrixKernels matrices) {
        this.memory = memory;
        this.matrices = matrices;
    }

    Kernel bind(LayoutOp op, Tensor result) {
        return switch (op) {
            case LayoutOp.Reshape(var x, var _) -> reshape(memory.of(x), memory.of(result));
            case LayoutOp.Transpose transpose ->
                Transposition.bind(transpose, memory.of(transpose.x()), memory.of(result), matrices);
            case LayoutOp.Concat(var parts, int axis) -> concat(parts, axis, result);
            case LayoutOp.Slice(var x, int axis, int begin, int _) -> moveAxis(x, begin, result, 0, axis);
            case LayoutOp.Pad(var x, int axis, int before, int _) -> {
                MemorySegment y = memory.of(result);
                Kernel move = moveAxis(x, 0, result, before, axis);
                yield () -> {
                    y.fill((byte) 0);
                    move.run();
                };
            }
            case LayoutOp.Sum(var x, int axis, float factor) ->
                AxisKernels.sum(
                        new Rows(memory.of(x), inner(x.shape(), axis)),
                        x.shape().size(axis),
                        factor,
                        new Rows(memory.of(result), inner(x.shape(), axis)));
            case LayoutOp.Repeat(var x, int axis, int count, float factor) ->
                AxisKernels.repeat(
                        new Rows(memory.of(x), inner(result.shape(), axis)),
                        count,
                        factor,
                        new Rows(memory.of(result), inner(result.shape(), axis)));
        };
    }

    private static Kernel reshape(MemorySegment x, MemorySegment y) {
        return x.address() == y.address() ? () -> {} : () -> MemorySegment.copy(x, 0, y, 0, y.byteSize());
    }

    private Kernel concat(List<Tensor> parts, int axis, Tensor result) {
        List<Kernel> moves = new ArrayList<>();
        int begin = 0;
        for (Tensor part : parts) {
            moves.add(moveAxis(part, 0, result, begin, axis));
            begin += part.shape().size(axis);
        }
        Kernel[] all = moves.toArray(Kernel[]::new);
        return () -> {
            for (Kernel move : all) {
                move.run();
            }
        };
    }

    /** Copies as many indices of the axis as both have, from one's on to the other's. */
    private Kernel moveAxis(Tensor from, int fromBegin, Tensor to, int toBegin, int axis) {
        MemorySegment x = memory.of(from);
        MemorySegment y = memory.of(to);
        int fromSize = from.shape().size(axis);
        int toSize = to.shape().size(axis);
        long indexBytes = (long) inner(from.shape(), axis) * from.type().byteSize();
        long runBytes = Math.min(fromSize - fromBegin, toSize - toBegin) * indexBytes;
        long outer = x.byteSize() / (indexBytes * fromSize);
        return () -> {
            for (long o = 0; o < outer; o++) {
                long source = (o * fromSize + fromBegin) * indexBytes;
                MemorySegment.copy(x, source, y, (o * toSize + toBegin) * indexBytes, runBytes);
            }
        };
    }

    /** Elements of one index of the axis. */
    private static int inner(Shape shape, int axis) {
        long inner = 1;
        for (int dimension = axis + 1; dimension < shape.rank(); dimension++) {
            inner *= shape.size(dimension);
        }
        return Math.toIntExact(inner);
    }
}
