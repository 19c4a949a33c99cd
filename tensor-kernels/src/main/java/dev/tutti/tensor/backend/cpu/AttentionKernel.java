package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.IntFunction;

/** Attention block by block: a product for the scores, their softmax, a product with the values. Queries, keys and values are read where they lie. */
final class AttentionKernel implements Kernel {
    private final AttentionBlocks blocks;
    private final ElementType type;
    private final Kernel loadQkv;
    private final AttentionScores scores;
    private final Kernel convertProbabilities;
    private final Products whole;
    private final Products last;
    private final Rows probabilities;
    private final MemorySegment logSumExp;
    private final RowBlock rowBlock;
    private final float[] row;
    private final float[] maxima;
    private final float[] sums;

    /** Of blocks with so many queries. */
    private record Products(int queries, Product scores, Product output) {}

    AttentionKernel(
            ProgramMemory memory,
            MatrixKernels matrices,
            Scratch scratch,
            SequenceOp.Attention op,
            List<Tensor> results) {
        this.blocks = AttentionBlocks.of(op.qkv().shape(), op.heads());
        this.logSumExp = memory.of(results.get(1));
        scratch.forNextKernel();
        MatrixKernels.Converted qkv =
                matrices.readable(memory.of(op.qkv()), op.qkv().type(), scratch);
        this.type = qkv.type();
        this.loadQkv = qkv.load();
        MemorySegment block = scratch.take(ElementType.F32, blocks.scores());
        MatrixKernels.Converted converted = matrices.narrowed(block, type, scratch);
        this.convertProbabilities = converted.load();
        MemorySegment output = memory.of(results.get(0));
        int times = blocks.time();
        IntFunction<Products> products = queries -> new Products(
                queries,
                matrices.product(
                        blocks.ofQkv(qkv.memory(), type, queries),
                        blocks.ofQkv(qkv.memory(), type, times).transposed(),
                        blocks.scores(block, ElementType.F32, queries),
                        false),
                matrices.product(
                        blocks.scores(converted.memory(), type, queries),
                        blocks.ofQkv(qkv.memory(), type, times),
                        blocks.ofOutput(output, ElementType.F32, queries),
                        false));
        this.whole = products.apply(blocks.queriesInBlock());
        this.last = blocks.lastQueries() == whole.queries ? whole : products.apply(blocks.lastQueries());
        this.rowBlock = new RowBlock(times);
        this.scores = new AttentionScores(blocks, memory, op.ignored(), op.causal(), rowBlock);
        this.row = rowBlock.newElements();
        this.maxima = rowBlock.newRows();
        this.sums = rowBlock.newRows();
        this.probabilities = new Rows(block, row.length);
    }

    @Override
    public void run() {
        loadQkv.run();
        for (int sample = 0; sample < blocks.samples(); sample++) {
            scores.startSample(sample);
            for (int head = 0; head < blocks.heads(); head += blocks.headsInBlock()) {
                for (int query = 0; query < blocks.time(); query += blocks.queriesInBlock()) {
                    run(query + whole.queries <= blocks.time() ? whole : last, sample, head, query);
                }
            }
        }
    }

    private void run(Products products, int sample, int head, int query) {
        products.scores.run(
                blocks.qkvOffset(type, 0, sample, head, query), blocks.qkvOffset(type, 1, sample, head, 0), 0);
        int rows = blocks.headsInBlock() * products.queries;
        for (int first = 0; first < rows; first += rowBlock.rows()) {
            int count = Math.min(rowBlock.rows(), rows - first);
            int index = first / rowBlock.rows();
            probabilities.load(index, row);
            scores.apply(row, count, first, query, products.queries);
            rowBlock.exponentials(row, maxima, sums, count);
            for (int r = 0; r < count; r++) {
                int rowHead = head + (first + r) / products.queries;
                long at = blocks.row(sample, rowHead, query + (first + r) % products.queries);
                logSumExp.set(JAVA_FLOAT_UNALIGNED, at * Float.BYTES, logarithm(maxima[r], sums[r]));
            }
            rowBlock.divide(row, sums, count);
            probabilities.store(row, index);
        }
        convertProbabilities.run();
        products.output.run(
                0,
                blocks.qkvOffset(type, 2, sample, head, 0),
                blocks.outputOffset(ElementType.F32, sample, head, query));
    }

    private static float logarithm(float max, float sum) {
        return sum == 0 ? 0 : (float) (max + StrictMath.log(sum));
    }
}
