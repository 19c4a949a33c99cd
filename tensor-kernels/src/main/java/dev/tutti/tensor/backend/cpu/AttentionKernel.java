package dev.tutti.tensor.backend.cpu;

import static dev.tutti.tensor.backend.cpu.AttentionBlocks.KEY;
import static dev.tutti.tensor.backend.cpu.AttentionBlocks.QUERY;
import static dev.tutti.tensor.backend.cpu.AttentionBlocks.VALUE;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** Attention block by block: a product for the scores, their softmax, a product with the values. Queries, keys and values are read where they lie. */
final class AttentionKernel implements Kernel {
    private final AttentionBlocks blocks;
    private final MatrixKernels matrices;
    private final MatrixKernels.Converted qkv;
    private final AttentionMask mask;
    private final MemorySegment scores;
    private final MemorySegment probabilities;
    private final MemorySegment output;
    private final MemorySegment logSumExp;
    /** Of a head's blocks, in order; blocks of the same size and mask share them. */
    private final List<Steps> steps;

    /** What is done with a block of this size. */
    private record Steps(Size size, Product scores, ColumnSoftmax softmax, Kernel conversion, Product output) {}

    private record Size(int keys, int queries, Optional<Strided> mask) {}

    AttentionKernel(
            ProgramMemory memory,
            MatrixKernels matrices,
            Scratch scratch,
            SequenceOp.Attention op,
            List<Tensor> results) {
        scratch.forNextKernel();
        this.blocks = AttentionBlocks.of(op.qkv().shape(), op.heads(), op.causal());
        this.matrices = matrices;
        this.qkv = matrices.readable(memory.of(op.qkv()), op.qkv().type(), scratch);
        this.mask = new AttentionMask(blocks, memory, op.ignored(), scratch);
        this.scores = scratch.take(ElementType.F32, blocks.scores());
        this.probabilities = qkv.type() == ElementType.F32 ? scores : scratch.take(qkv.type(), blocks.scores());
        this.output = memory.of(results.get(0));
        this.logSumExp = memory.of(results.get(1));
        Map<Size, Steps> bySize = new HashMap<>();
        this.steps = IntStream.range(0, blocks.count())
                .mapToObj(block -> new Size(blocks.keys(block), blocks.queries(block), mask.of(block)))
                .map(size -> bySize.computeIfAbsent(size, this::steps))
                .toList();
    }

    private Steps steps(Size size) {
        ElementType type = qkv.type();
        Strided keys = blocks.ofQkv(qkv.memory(), type, size.keys);
        Strided queries = blocks.ofQkv(qkv.memory(), type, size.queries);
        return new Steps(
                size,
                matrices.product(
                        keys,
                        queries.transposed(),
                        blocks.scores(scores, ElementType.F32, size.keys, size.queries),
                        mask.steps(size.mask)),
                new ColumnSoftmax(size.queries),
                conversion(size),
                matrices.product(
                        blocks.scores(probabilities, type, size.keys, size.queries)
                                .transposed(),
                        keys,
                        blocks.ofOutput(output, ElementType.F32, size.queries),
                        false));
    }

    private Kernel conversion(Size size) {
        ElementType type = qkv.type();
        if (type == ElementType.F32) {
            return () -> {};
        }
        long count = (long) blocks.headsInBlock() * size.keys * size.queries;
        return matrices.convert(
                scores.asSlice(0, count * Float.BYTES),
                ElementType.F32,
                probabilities.asSlice(0, count * type.byteSize()),
                type);
    }

    @Override
    public void run() {
        qkv.load().run();
        for (int sample = 0; sample < blocks.samples(); sample++) {
            for (int block = 0; block < blocks.count(); block++) {
                mask.load(sample, block);
                for (int head = 0; head < blocks.heads(); head += blocks.headsInBlock()) {
                    run(steps.get(block), sample, head, blocks.firstQuery(block));
                }
            }
        }
    }

    private void run(Steps step, int sample, int head, int query) {
        ElementType type = qkv.type();
        step.scores.run(
                blocks.qkvOffset(type, KEY, sample, head, 0), blocks.qkvOffset(type, QUERY, sample, head, query), 0);
        for (int h = 0; h < blocks.headsInBlock(); h++) {
            long offset = (long) h * step.size.keys * step.size.queries * Float.BYTES;
            step.softmax.apply(
                    scores, offset, step.size.keys, logSumExp, blocks.logarithmOffset(sample, head + h, query));
        }
        step.conversion.run();
        step.output.run(
                0,
                blocks.qkvOffset(type, VALUE, sample, head, 0),
                blocks.outputOffset(ElementType.F32, sample, head, query));
    }
}
