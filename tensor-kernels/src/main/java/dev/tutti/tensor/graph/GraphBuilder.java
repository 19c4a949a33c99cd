package dev.tutti.tensor.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/** Grows a graph from its first input on, or from another graph. Not thread-safe. */
public final class GraphBuilder {
    final List<Tensor> inputs = new ArrayList<>();
    final List<Parameter> parameters = new ArrayList<>();
    final List<Tensor> parameterTensors = new ArrayList<>();
    final List<Instruction> instructions = new ArrayList<>();
    final SequencedMap<String, Tensor> outputs = new LinkedHashMap<>();
    int nextId;

    private final Map<Tensor, Tensor> gradients = new HashMap<>();
    private final Set<Tensor> known = new HashSet<>();
    private long parameterElements;

    public GraphBuilder() {}

    /** Goes on where {@code graph} ends. */
    public static GraphBuilder extending(Graph graph) {
        GraphBuilder builder = rewriting(graph);
        graph.instructions().forEach(instruction -> builder.append(instruction.result(), instruction.op()));
        graph.outputs().forEach(builder::output);
        for (int i = 0; i < graph.gradients().size(); i++) {
            builder.gradient(graph.parameterTensors().get(i), graph.gradients().get(i));
        }
        return builder;
    }

    /** Begins with the inputs and parameters of {@code graph}, whose tensors keep their ids, and no instruction. */
    public static GraphBuilder rewriting(Graph graph) {
        GraphBuilder builder = new GraphBuilder();
        builder.inputs.addAll(graph.inputs());
        builder.parameters.addAll(graph.parameters());
        builder.parameterTensors.addAll(graph.parameterTensors());
        builder.known.addAll(graph.inputs());
        builder.known.addAll(graph.parameterTensors());
        builder.parameterElements = graph.parameterElements();
        builder.nextId = graph.tensorIds();
        return builder;
    }

    /** Memory somebody fills before a run. */
    public Tensor input(String name, ElementType type, Shape shape) {
        Tensor tensor = new Tensor(nextId++, name, type, shape);
        inputs.add(tensor);
        known.add(tensor);
        return tensor;
    }

    /** The next tensor of the flat parameter space. */
    public Tensor parameter(String name, Shape shape, Initializer initializer) {
        Tensor tensor = new Tensor(nextId++, name, ElementType.F32, shape);
        parameters.add(new Parameter(name, shape, parameterElements, initializer));
        parameterTensors.add(tensor);
        known.add(tensor);
        parameterElements += shape.elementCount();
        return tensor;
    }

    /**
     * Appends an instruction.
     *
     * @param name the result's, for people
     * @throws IllegalArgumentException if the operands' shapes or types do not fit, naming both
     */
    public Tensor add(String name, Op op) {
        Tensor result = ShapeInference.infer(nextId++, name, op);
        return append(result, op);
    }

    /** Appends an instruction whose result is a tensor of the graph that is being rewritten. */
    public Tensor append(Tensor result, Op op) {
        for (Tensor operand : op.operands()) {
            if (!known.contains(operand)) {
                throw new IllegalArgumentException(
                        result.name() + " reads " + operand.name() + " before it is written");
            }
        }
        Tensor inferred = ShapeInference.infer(result.id(), result.name(), op);
        if (!inferred.equals(result)) {
            throw new IllegalArgumentException("expected " + result + ", but the instruction gives " + inferred);
        }
        known.add(result);
        instructions.add(new Instruction(result, op));
        return result;
    }

    /** Makes a tensor readable after a run. */
    public void output(String name, Tensor tensor) {
        outputs.put(name, tensor);
    }

    /** Says which instruction's result is the gradient of a parameter. */
    public void gradient(Tensor parameter, Tensor gradient) {
        if (gradients.containsValue(gradient)
                || instructions.stream()
                        .noneMatch(instruction -> instruction.result().equals(gradient))) {
            throw new IllegalArgumentException("the gradient of " + parameter.name()
                    + " must be an instruction's result of its own, not " + gradient);
        }
        gradients.put(parameter, gradient);
    }

    /** @throws IllegalStateException if some parameters have a gradient and others none */
    public Graph build() {
        return new Graph(this);
    }

    List<Tensor> gradientsInParameterOrder() {
        if (gradients.isEmpty()) {
            return List.of();
        }
        List<Tensor> ordered = new ArrayList<>();
        for (Tensor parameter : parameterTensors) {
            Tensor gradient = gradients.get(parameter);
            if (gradient == null) {
                throw new IllegalStateException(
                        "parameter " + parameter.name() + " has no gradient: the loss does not depend on it");
            }
            ordered.add(gradient);
        }
        return List.copyOf(ordered);
    }
}
