package dev.tutti.tensor.backend.reference;

import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Tensor;
import java.util.HashMap;
import java.util.Map;

/** The reference loops with every tensor in f64, so that differences of two runs mean something. */
public final class DoubleInterpreter {
    private final Map<Tensor, double[]> values = new HashMap<>();

    /** The tensor's elements; zeros at first. */
    public double[] of(Tensor tensor) {
        return values.computeIfAbsent(tensor, t -> new double[Math.toIntExact(t.elementCount())]);
    }

    public void run(Graph graph) {
        ReferenceKernels kernels = new ReferenceKernels((TensorValues) tensor -> new Doubles(of(tensor)));
        graph.instructions().forEach(instruction -> kernels.bind(instruction).run());
    }
}
