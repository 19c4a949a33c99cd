package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.function.IntFunction;

/**
 * Block by block, p computed again: dv[s] = Σt p · dout[t]; dscore = p · (dout[t] · v[s] − dout[t] · out[t]) / √size; dq and dk are
 * dscore's products with k and q.
 */
final class AttentionGradientKernel implements Kernel {
    private static final int QUERY = 0;
    private static final int KEY = 1;
    private static final int VALUE = 2;

    private final AttentionBlocks blocks;
    private final ElementType type;
    private final Kernel load;
    private final AttentionScores scores;
    private final Kernel convert;
    private final Products whole;
    private final Products last;
    private final Rows probabilities;
    private final Rows scoreGradients;
    private final Rows gradients;
    private final Rows outputs;
    private final MemorySegment logSumExp;
    private final RowBlock rowBlock;
    private final float[] row;
    private final float[] gradientRow;
    private final float[] rowValues;
    private final float[] gradient;
    private final float[] output;
    /** dout[t] · out[t] of a sample, [heads, time]. */
    private final float[] dots;

    /** Of blocks with so many queries; those of keys and values add up over the blocks of a head. */
    private record Products(
            int queries,
            Product scores,
            Product probabilityGradient,
            Product queryGradient,
            Product keyGradient,
            Product keyAddition,
            Product valueGradient,
            Product valueAddition) {}

    AttentionGradientKernel(
            ProgramMemory memory,
            MatrixKernels matrices,
            Scratch scratch,
            SequenceOp.AttentionGradient op,
            Tensor result) {
        this.blocks = AttentionBlocks.of(op.qkv().shape(), op.heads());
        this.logSumExp = memory.of(op.logSumExp());
        scratch.forNextKernel();
        MatrixKernels.Converted qkv =
                matrices.readable(memory.of(op.qkv()), op.qkv().type(), scratch);
        MatrixKernels.Converted dout =
                matrices.readable(memory.of(op.gradient()), op.gradient().type(), scratch);
        this.type = qkv.type();
        MatrixKernels.Converted wide = matrices.widened(dout, scratch);
        this.load = () -> {
            qkv.load().run();
            dout.load().run();
            wide.load().run();
        };
        this.gradients = new Rows(wide.memory(), blocks.width());
        this.outputs = new Rows(memory.of(op.output()), blocks.width());
        MemorySegment p = scratch.take(ElementType.F32, blocks.scores());
        MemorySegment ds = scratch.take(ElementType.F32, blocks.scores());
        MatrixKernels.Converted convertedP = matrices.narrowed(p, type, scratch);
        MatrixKernels.Converted convertedDs = matrices.narrowed(ds, type, scratch);
        this.convert = () -> {
            convertedP.load().run();
            convertedDs.load().run();
        };
        MemorySegment y = memory.of(result);
        int times = blocks.time();
        IntFunction<Products> products = queries -> {
            Strided q = blocks.ofQkv(qkv.memory(), type, queries);
            Strided all = blocks.ofQkv(qkv.memory(), type, times);
            Strided out = blocks.ofOutput(dout.memory(), type, queries);
            Strided probability =
                    blocks.scores(convertedP.memory(), type, queries).transposed();
            Strided score = blocks.scores(convertedDs.memory(), type, queries);
            Strided dqueries = blocks.ofQkv(y, ElementType.F32, queries);
            Strided dall = blocks.ofQkv(y, ElementType.F32, times);
            return new Products(
                    queries,
                    matrices.product(q, all.transposed(), blocks.scores(p, ElementType.F32, queries), false),
                    matrices.product(out, all.transposed(), blocks.scores(ds, ElementType.F32, queries), false),
                    matrices.product(score, all, dqueries, false),
                    matrices.product(score.transposed(), q, dall, false),
                    matrices.product(score.transposed(), q, dall, true),
                    matrices.product(probability, out, dall, false),
                    matrices.product(probability, out, dall, true));
        };
        this.whole = products.apply(blocks.queriesInBlock());
        this.last = blocks.lastQueries() == whole.queries ? whole : products.apply(blocks.lastQueries());
        this.rowBlock = new RowBlock(times);
        this.scores = new AttentionScores(blocks, memory, op.ignored(), op.causal(), rowBlock);
        this.row = rowBlock.newElements();
        this.gradientRow = rowBlock.newElements();
        this.rowValues = rowBlock.newRows();
        this.gradient = gradients.newRow();
        this.output = outputs.newRow();
        this.dots = new float[blocks.heads() * times];
        this.probabilities = new Rows(p, row.length);
        this.scoreGradients = new Rows(ds, row.length);
    }

    @Override
    public void run() {
        load.run();
        for (int sample = 0; sample < blocks.samples(); sample++) {
            scores.startSample(sample);
            computeDots(sample);
            for (int head = 0; head < blocks.heads(); head += blocks.headsInBlock()) {
                for (int query = 0; query < blocks.time(); query += blocks.queriesInBlock()) {
                    run(query + whole.queries <= blocks.time() ? whole : last, sample, head, query);
                }
            }
        }
    }

    private void computeDots(int sample) {
        for (int t = 0; t < blocks.time(); t++) {
            gradients.load(sample * blocks.time() + t, gradient);
            outputs.load(sample * blocks.time() + t, output);
            VectorMath.multiply(gradient, output, gradient, gradient.length);
            for (int head = 0; head < blocks.heads(); head++) {
                int from = head * blocks.size();
                dots[head * blocks.time() + t] = VectorMath.sum(gradient, from, from + blocks.size());
            }
        }
    }

    private void run(Products products, int sample, int head, int query) {
        long queryOffset = blocks.qkvOffset(type, QUERY, sample, head, query);
        long keyOffset = blocks.qkvOffset(type, KEY, sample, head, 0);
        long outputOffset = blocks.outputOffset(type, sample, head, query);
        products.scores.run(queryOffset, keyOffset, 0);
        products.probabilityGradient.run(outputOffset, blocks.qkvOffset(type, VALUE, sample, head, 0), 0);
        int rows = blocks.headsInBlock() * products.queries;
        for (int first = 0; first < rows; first += rowBlock.rows()) {
            runRows(products, first, Math.min(rowBlock.rows(), rows - first), sample, head, query);
        }
        convert.run();
        Product keys = query == 0 ? products.keyGradient : products.keyAddition;
        Product values = query == 0 ? products.valueGradient : products.valueAddition;
        values.run(0, outputOffset, blocks.qkvOffset(ElementType.F32, VALUE, sample, head, 0));
        keys.run(0, queryOffset, blocks.qkvOffset(ElementType.F32, KEY, sample, head, 0));
        products.queryGradient.run(0, keyOffset, blocks.qkvOffset(ElementType.F32, QUERY, sample, head, query));
    }

    /** From products to probabilities, and from their gradients to those of the products. */
    private void runRows(Products products, int first, int count, int sample, int head, int query) {
        int index = first / rowBlock.rows();
        probabilities.load(index, row);
        scores.apply(row, count, first, query, products.queries);
        for (int r = 0; r < count; r++) {
            long at = blocks.row(sample, head + (first + r) / products.queries, query + (first + r) % products.queries);
            rowValues[r] = logSumExp.get(JAVA_FLOAT_UNALIGNED, at * Float.BYTES);
        }
        rowBlock.exponentials(row, rowValues, count);
        probabilities.store(row, index);
        for (int r = 0; r < count; r++) {
            int rowHead = head + (first + r) / products.queries;
            rowValues[r] = dots[rowHead * blocks.time() + query + (first + r) % products.queries];
        }
        scoreGradients.load(index, gradientRow);
        scoreGradients(gradientRow, row, rowBlock.spread(rowValues, count), scores.scale(), count * blocks.time());
        scoreGradients.store(gradientRow, index);
    }

    private static void scoreGradients(float[] x, float[] probability, float[] dot, float scale, int count) {
        for (int i = 0; i < count; i++) {
            x[i] = probability[i] * (x[i] - dot[i]) * scale;
        }
    }
}
