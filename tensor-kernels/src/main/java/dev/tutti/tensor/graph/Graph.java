package dev.tutti.tensor.graph;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * A computation as a value: inputs, parameters, instructions in an order in which they can run, named outputs, and a gradient for each
 * parameter or none at all. Immutable; made by a {@link GraphBuilder}.
 */
public final class Graph {
    private final List<Tensor> inputs;
    private final List<Parameter> parameters;
    private final List<Tensor> parameterTensors;
    private final List<Instruction> instructions;
    private final SequencedMap<String, Tensor> outputs;
    private final List<Tensor> gradients;
    private final int tensorIds;

    Graph(GraphBuilder builder) {
        this.inputs = List.copyOf(builder.inputs);
        this.parameters = List.copyOf(builder.parameters);
        this.parameterTensors = List.copyOf(builder.parameterTensors);
        this.instructions = List.copyOf(builder.instructions);
        this.outputs = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(builder.outputs));
        this.gradients = builder.gradientsInParameterOrder();
        this.tensorIds = builder.nextId;
    }

    public List<Tensor> inputs() {
        return inputs;
    }

    /** In the order of the flat parameter space, which is that of the forward pass. */
    public List<Parameter> parameters() {
        return parameters;
    }

    /** Elements of the flat parameter space. */
    public long parameterElements() {
        return parameters.stream().mapToLong(Parameter::elementCount).sum();
    }

    /** The tensors by which instructions read {@link #parameters()}, same indices. */
    public List<Tensor> parameterTensors() {
        return parameterTensors;
    }

    public List<Instruction> instructions() {
        return instructions;
    }

    public SequencedMap<String, Tensor> outputs() {
        return outputs;
    }

    /** The gradients of {@link #parameters()}, same indices; empty in a graph that only looks forward. */
    public List<Tensor> gradients() {
        return gradients;
    }

    /** Every tensor's id is below this; some ids may be unused. */
    public int tensorIds() {
        return tensorIds;
    }

    /** @throws IllegalArgumentException naming the outputs there are */
    public Tensor output(String name) {
        Tensor tensor = outputs.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("no output \"" + name + "\"; there are " + outputs.keySet());
        }
        return tensor;
    }

    /** @throws IllegalArgumentException naming the inputs there are */
    public Tensor input(String name) {
        return inputs.stream()
                .filter(tensor -> tensor.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no input \"" + name + "\"; there are "
                        + inputs.stream().map(Tensor::name).toList()));
    }

    @Override
    public String toString() {
        return GraphPrinter.print(this);
    }
}
