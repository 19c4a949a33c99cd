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
        graph.instructions().forEach(instruction -> builder.append(instruction.results(), instruction.op()));
        return builder.keeping(graph);
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

    /** Takes over the outputs and gradients of the graph that was rewritten, whose tensors must all be there. */
    public GraphBuilder keeping(Graph graph) {
        graph.outputs().forEach(this::output);
        for (int i = 0; i < graph.gradients().size(); i++) {
            gradient(graph.parameterTensors().get(i), graph.gradients().get(i));
        }
        return this;
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
        return parameter(name, shape, initializer, Parameter.Update.TRAINED);
    }

    /** The same, for one that is not trained. */
    public Tensor parameter(String name, Shape shape, Initializer initializer, Parameter.Update update) {
        Tensor tensor = new Tensor(nextId++, name, ElementType.F32, shape);
        parameters.add(new Parameter(name, shape, parameterElements, initializer, update));
        parameterTensors.add(tensor);
        known.add(tensor);
        parameterElements += shape.elementCount();
        return tensor;
    }

    /**
     * Appends an instruction and gives its first result.
     *
     * @param name the result's, for people
     * @throws IllegalArgumentException if the operands' shapes or types do not fit, naming both
     */
    public Tensor add(String name, Op op) {
        return addAll(name, op).getFirst();
    }

    /** Appends an instruction and gives all its results. */
    public List<Tensor> addAll(String name, Op op) {
        List<Tensor> results = ShapeInference.infer(nextId, name, op);
        nextId += results.size();
        append(results, op);
        return results;
    }

    /** Appends an instruction whose only result is a tensor of the graph that is being rewritten. */
    public void append(Tensor result, Op op) {
        append(List.of(result), op);
    }

    /** Appends an instruction whose results are tensors of the graph that is being rewritten. */
    public void append(List<Tensor> results, Op op) {
        Tensor first = results.getFirst();
        for (Tensor operand : op.operands()) {
            if (!known.contains(operand)) {
                throw new IllegalArgumentException(first.name() + " reads " + operand.name() + " before it is written");
            }
        }
        List<Tensor> inferred = ShapeInference.infer(first.id(), first.name(), op);
        if (!inferred.equals(results)) {
            throw new IllegalArgumentException("expected " + results + ", but the instruction gives " + inferred);
        }
        known.addAll(results);
        instructions.add(new Instruction(results, op));
    }

    /** Makes a tensor readable after a run. */
    public void output(String name, Tensor tensor) {
        outputs.put(name, tensor);
    }

    /** Says which instruction's result is the gradient of a parameter. */
    public void gradient(Tensor parameter, Tensor gradient) {
        if (gradients.containsValue(gradient)
                || instructions.stream()
                        .noneMatch(instruction -> instruction.results().contains(gradient))) {
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
