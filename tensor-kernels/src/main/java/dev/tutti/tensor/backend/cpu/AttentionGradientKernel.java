package dev.tutti.tensor.backend.cpu;

import static dev.tutti.tensor.backend.cpu.AttentionBlocks.KEY;
import static dev.tutti.tensor.backend.cpu.AttentionBlocks.QUERY;
import static dev.tutti.tensor.backend.cpu.AttentionBlocks.VALUE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Block by block, p computed again: dv[s] = Σt p · dout[t]; dscore = p · (dout[t] · v[s] − dout[t] · out[t]) / √size; dq and dk are
 * dscore's products with k and q. All that is done to scores follows the products that give them.
 */
final class AttentionGradientKernel implements Kernel {
    private final AttentionBlocks blocks;
    private final MatrixKernels matrices;
    private final MatrixKernels.Converted qkv;
    private final MatrixKernels.Converted dout;
    private final Kernel load;
    private final AttentionMask mask;
    private final MemorySegment probabilities;
    private final MemorySegment scoreGradients;
    /** Of a block's queries, as they are added to products. */
    private final MemorySegment blockLogarithms;

    private final MemorySegment blockDots;
    private final MemorySegment logSumExp;
    /** The result, or where it adds up in f32 before it is rounded. */
    private final MemorySegment dqkv;

    private final ElementType sumType;
    private final Kernel rounding;
    private final Rows gradients;
    private final Rows outputs;
    private final float[] gradient;
    private final float[] output;
    /** −dout[t] · out[t] of a sample, [heads, time]. */
    private final float[] dots;

    private final float[] row;
    /** Of a head's blocks, in order; blocks of the same size and mask share them. */
    private final List<Products> products;

    /** Of blocks of this size. */
    private record Products(
            Size size,
            Product probabilities,
            Product scoreGradients,
            Product queryGradient,
            Product keyGradient,
            Product valueGradient) {}

    /** @param adding gradients of keys and values to what other blocks have contributed */
    private record Size(int keys, int queries, Optional<Strided> mask, boolean adding) {}

    AttentionGradientKernel(
            ProgramMemory memory,
            MatrixKernels matrices,
            Scratch scratch,
            SequenceOp.AttentionGradient op,
            Tensor result) {
        scratch.forNextKernel();
        this.blocks = AttentionBlocks.of(op.qkv().shape(), op.heads(), op.causal());
        this.matrices = matrices;
        this.qkv = matrices.readable(memory.of(op.qkv()), op.qkv().type(), scratch);
        this.dout = matrices.readable(memory.of(op.gradient()), op.gradient().type(), scratch);
        MatrixKernels.Converted wide = matrices.widened(dout, scratch);
        this.load = () -> {
            qkv.load().run();
            dout.load().run();
            wide.load().run();
        };
        this.mask = new AttentionMask(blocks, memory, op.ignored(), scratch);
        this.probabilities = scratch.take(qkv.type(), blocks.scores());
        this.scoreGradients = scratch.take(qkv.type(), blocks.scores());
        long queries = (long) blocks.headsInBlock() * blocks.queriesInBlock();
        this.blockLogarithms = scratch.take(ElementType.F32, queries);
        this.blockDots = scratch.take(ElementType.F32, queries);
        this.logSumExp = memory.of(op.logSumExp());
        boolean direct = result.type() == ElementType.F32 || (result.type() == qkv.type() && blocks.count() == 1);
        this.sumType = direct ? result.type() : ElementType.F32;
        this.dqkv = direct ? memory.of(result) : scratch.take(sumType, result.elementCount());
        this.rounding = direct ? () -> {} : matrices.convert(dqkv, sumType, memory.of(result), result.type());
        this.gradients = new Rows(wide.memory(), blocks.width());
        this.outputs = new Rows(memory.of(op.output()), blocks.width());
        this.gradient = gradients.newRow();
        this.output = outputs.newRow();
        this.dots = new float[blocks.heads() * blocks.time()];
        this.row = new float[blocks.queriesInBlock()];
        Map<Size, Products> bySize = new HashMap<>();
        this.products = IntStream.range(0, blocks.count())
                .mapToObj(block ->
                        new Size(blocks.keys(block), blocks.queries(block), mask.of(block), block < blocks.count() - 1))
                .map(size -> bySize.computeIfAbsent(size, this::products))
                .toList();
    }

    private Products products(Size size) {
        ElementType type = qkv.type();
        Strided queries = blocks.ofQkv(qkv.memory(), type, size.queries);
        Strided keys = blocks.ofQkv(qkv.memory(), type, size.keys);
        Strided out = blocks.ofOutput(dout.memory(), type, size.queries);
        Strided p = blocks.scores(probabilities, type, size.keys, size.queries);
        Strided ds = blocks.scores(scoreGradients, type, size.keys, size.queries);
        Strided dkeys = blocks.ofQkv(dqkv, sumType, size.keys);
        List<ProductStep> toProbabilities = new ArrayList<>();
        toProbabilities.add(new ProductStep.AddRow(blocks.row(blockLogarithms, size.queries)));
        toProbabilities.addAll(mask.steps(size.mask));
        toProbabilities.add(new ProductStep.Exponential());
        List<ProductStep> toGradients = List.of(
                new ProductStep.AddRow(blocks.row(blockDots, size.queries)),
                new ProductStep.Multiply(p),
                new ProductStep.Scale(blocks.scale()));
        return new Products(
                size,
                matrices.product(keys, queries.transposed(), p, toProbabilities),
                matrices.product(keys, out.transposed(), ds, toGradients),
                matrices.product(ds.transposed(), keys, blocks.ofQkv(dqkv, sumType, size.queries), false),
                matrices.product(ds, queries, dkeys, size.adding),
                matrices.product(p, out, dkeys, size.adding));
    }

    /** The last block of a head sees all keys, so that it comes first. */
    @Override
    public void run() {
        load.run();
        for (int sample = 0; sample < blocks.samples(); sample++) {
            computeDots(sample);
            for (int block = blocks.count() - 1; block >= 0; block--) {
                mask.load(sample, block);
                for (int head = 0; head < blocks.heads(); head += blocks.headsInBlock()) {
                    run(products.get(block), sample, head, blocks.firstQuery(block));
                }
            }
        }
        rounding.run();
    }

    private void computeDots(int sample) {
        for (int t = 0; t < blocks.time(); t++) {
            gradients.load(sample * blocks.time() + t, gradient);
            outputs.load(sample * blocks.time() + t, output);
            VectorMath.multiply(gradient, output, gradient, gradient.length);
            for (int head = 0; head < blocks.heads(); head++) {
                int from = head * blocks.size();
                dots[head * blocks.time() + t] = -VectorMath.sum(gradient, from, from + blocks.size());
            }
        }
    }

    private void run(Products step, int sample, int head, int query) {
        loadRows(step.size.queries, sample, head, query);
        ElementType type = qkv.type();
        long queryOffset = blocks.qkvOffset(type, QUERY, sample, head, query);
        long keyOffset = blocks.qkvOffset(type, KEY, sample, head, 0);
        long outputOffset = blocks.outputOffset(type, sample, head, query);
        step.probabilities.run(keyOffset, queryOffset, 0);
        step.scoreGradients.run(blocks.qkvOffset(type, VALUE, sample, head, 0), outputOffset, 0);
        step.valueGradient.run(0, outputOffset, blocks.qkvOffset(sumType, VALUE, sample, head, 0));
        step.keyGradient.run(0, queryOffset, blocks.qkvOffset(sumType, KEY, sample, head, 0));
        step.queryGradient.run(0, keyOffset, blocks.qkvOffset(sumType, QUERY, sample, head, query));
    }

    /** What is added to products: of scores that are scaled thereafter, −√size times the logarithms. */
    private void loadRows(int queries, int sample, int head, int query) {
        for (int h = 0; h < blocks.headsInBlock(); h++) {
            long offset = (long) h * queries * Float.BYTES;
            long logarithm = blocks.logarithmOffset(sample, head + h, query);
            MemorySegment.copy(logSumExp, JAVA_FLOAT_UNALIGNED, logarithm, row, 0, queries);
            VectorMath.scale(row, -1 / blocks.scale(), queries);
            MemorySegment.copy(row, 0, blockLogarithms, JAVA_FLOAT_UNALIGNED, offset, queries);
            int dot = (head + h) * blocks.time() + query;
            MemorySegment.copy(dots, dot, blockDots, JAVA_FLOAT_UNALIGNED, offset, queries);
        }
    }
}
