package dev.tutti.nd4j;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The value of each tensor in the run under way, as an array that lies where ND4J computes (with its CUDA build, on the GPU). Inputs and parameters are copied there
 * before a run; outputs, gradients and whatever else is wanted after each instruction are copied back.
 */
final class Arrays {
    private final ProgramMemory memory;
    private final List<Tensor> sources = new ArrayList<>();
    private final Set<Tensor> visible = new HashSet<>();
    private final @Nullable INDArray[] values;
    private boolean everythingVisible;

    /** @throws UnsupportedOperationException if the graph has floats other than f32 */
    Arrays(Graph graph, ProgramMemory memory) {
        this.memory = memory;
        this.values = new @Nullable INDArray[graph.tensorIds()];
        sources.addAll(graph.inputs());
        sources.addAll(graph.parameterTensors());
        visible.addAll(graph.outputs().values());
        visible.addAll(graph.gradients());
        sources.forEach(Arrays::requireSupported);
        graph.instructions().forEach(instruction -> instruction.results().forEach(Arrays::requireSupported));
    }

    private static void requireSupported(Tensor tensor) {
        if (tensor.type() != ElementType.F32 && tensor.type() != ElementType.I32) {
            throw new UnsupportedOperationException(
                    "nd4j computes in f32 here, and " + tensor + " is " + tensor.type());
        }
    }

    /** Fetches inputs and parameters. */
    void load() {
        for (Tensor source : sources) {
            set(source, source.type() == ElementType.I32 ? integers(source) : floats(source));
        }
    }

    INDArray get(Tensor tensor) {
        INDArray value = values[tensor.id()];
        if (value == null) {
            throw new IllegalStateException(tensor + " has no value yet");
        }
        return value;
    }

    void set(Tensor tensor, INDArray value) {
        values[tensor.id()] = value;
    }

    /** For diagnosis: from now on all values are copied back, or only what is wanted. */
    void showEverything(boolean everything) {
        everythingVisible = everything;
    }

    /** Copies the value to the program's memory if somebody outside may look at it. */
    void store(Tensor tensor) {
        if (everythingVisible || visible.contains(tensor)) {
            float[] elements = get(tensor).dup('c').data().asFloat();
            MemorySegment target = memory.of(tensor);
            MemorySegment.copy(elements, 0, target, JAVA_FLOAT_UNALIGNED, 0, elements.length);
        }
    }

    private INDArray floats(Tensor tensor) {
        return Nd4j.createFromArray(memory.of(tensor).toArray(JAVA_FLOAT_UNALIGNED))
                .reshape('c', shape(tensor));
    }

    private INDArray integers(Tensor tensor) {
        return Nd4j.createFromArray(memory.of(tensor).toArray(JAVA_INT_UNALIGNED))
                .castTo(DataType.INT32)
                .reshape('c', shape(tensor));
    }

    static long[] shape(Tensor tensor) {
        return tensor.shape().sizes().stream().mapToLong(Integer::longValue).toArray();
    }
}
