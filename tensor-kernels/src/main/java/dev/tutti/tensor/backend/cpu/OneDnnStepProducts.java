package dev.tutti.tensor.backend.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Products whose elements go through some steps before they are stored, which needs no other pass over them. */
record OneDnnStepProducts(OneDnnProducts products) {
    /**
     * Several products are one primitive, unless oneDNN has nothing but a reference loop for that: as with one mask for all of them, in bf16 on
     * processors with AVX-512 but without bf16, and in f32 before AVX2. That loop takes 70 to 90 times as long.
     */
    Product product(Strided left, Strided right, Strided result, List<ProductStep> steps) {
        try (Arena scratch = Arena.ofConfined()) {
            Described described = describe(left, right, result, steps, scratch);
            return result.count() > 1 && OneDnn.isReference(described.description)
                    ? oneByOne(left, right, result, steps)
                    : bind(described, left, right, result).product;
        }
    }

    /** @param bias the first step where it adds a row: as a bias it costs less */
    private record Described(MemorySegment description, Optional<Strided> bias, List<ProductStep> steps) {}

    private Described describe(Strided left, Strided right, Strided result, List<ProductStep> steps, Arena scratch) {
        int rank = result.sizes().size();
        Optional<Strided> bias = rank == 2 && steps.getFirst() instanceof ProductStep.AddRow(var row)
                ? Optional.of(row)
                : Optional.empty();
        List<ProductStep> further = bias.isPresent() ? steps.subList(1, steps.size()) : steps;
        MemorySegment attributes = OneDnnMatMul.followedBy(further, rank, scratch);
        return new Described(products.describe(left, right, bias, result, attributes, scratch), bias, further);
    }

    /** @param operands of the steps that have one, in order */
    private record Bound(Product product, List<OneDnnProducts.Placed> operands) {}

    private Bound bind(Described described, Strided left, Strided right, Strided result) {
        OneDnnArguments arguments = new OneDnnArguments(products.memory().arena());
        List<OneDnnProducts.Placed> operands = new ArrayList<>();
        described.bias.map(products::placed).ifPresent(row -> {
            arguments.add(OneDnnArguments.BIAS, row.memory());
            operands.add(row);
        });
        for (int i = 0; i < described.steps.size(); i++) {
            int index = i;
            described.steps.get(i).operand().map(products::placed).ifPresent(operand -> {
                arguments.addOfStep(index, operand.memory());
                operands.add(operand);
            });
        }
        Product product = products.bind(
                described.description,
                arguments,
                List.of(products.placed(left), products.placed(right), products.placed(result)));
        return new Bound(product, operands);
    }

    /** The primitive of the first product, on all of them in turn. */
    private Product oneByOne(Strided left, Strided right, Strided result, List<ProductStep> steps) {
        try (Arena scratch = Arena.ofConfined()) {
            List<ProductStep> ofFirst = steps.stream().map(ProductStep::ofFirst).toList();
            Strided firstLeft = left.first();
            Strided firstRight = right.first();
            Strided firstResult = result.first();
            Described described = describe(firstLeft, firstRight, firstResult, ofFirst, scratch);
            Bound first = bind(described, firstLeft, firstRight, firstResult);
            long[] distances = steps.stream()
                    .flatMap(step -> step.operand().stream())
                    .mapToLong(Strided::byteDistance)
                    .toArray();
            long leftDistance = left.byteDistance();
            long rightDistance = right.byteDistance();
            long resultDistance = result.byteDistance();
            int count = result.count();
            return (leftOffset, rightOffset, resultOffset) -> {
                for (int i = 0; i < count; i++) {
                    for (int operand = 0; operand < distances.length; operand++) {
                        first.operands.get(operand).move(i * distances[operand]);
                    }
                    first.product.run(
                            leftOffset + i * leftDistance,
                            rightOffset + i * rightDistance,
                            resultOffset + i * resultDistance);
                }
            };
        }
    }
}
