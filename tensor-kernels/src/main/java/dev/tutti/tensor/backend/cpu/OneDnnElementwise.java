package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.graph.ElementType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;

/** oneDNN's operations that touch each element once. */
record OneDnnElementwise(OneDnnProducts primitives) {
    private static final int ADD = 0x1fff0;

    private static final MethodHandle BINARY = OneDnn.status(
            "dnnl_binary_primitive_desc_create", ADDRESS, ADDRESS, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS);

    /** Of f32. The result may lie where the left operand lies, but not where the right one does. */
    Kernel add(MemorySegment left, MemorySegment right, MemorySegment result) {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment layout = layout(ElementType.F32, result, scratch);
            MemorySegment description = OneDnn.description(
                    "sum",
                    scratch,
                    BINARY,
                    primitives.engine(),
                    ADD,
                    layout,
                    layout,
                    layout,
                    OneDnn.attributes(scratch));
            OneDnnArguments arguments = new OneDnnArguments(primitives.memory().arena());
            arguments.add(OneDnnArguments.SOURCE, memory(layout, left));
            arguments.add(OneDnnArguments.SECOND_SOURCE, memory(layout, right));
            arguments.add(OneDnnArguments.DESTINATION, memory(layout, result));
            return primitives.bind("sum of " + result.byteSize() + " bytes", description, arguments);
        }
    }

    private static MemorySegment layout(ElementType type, MemorySegment bytes, Arena scratch) {
        return OneDnn.layout(
                OneDnnProducts.dataType(type), List.of(bytes.byteSize() / type.byteSize()), List.of(1L), scratch);
    }

    private MemorySegment memory(MemorySegment layout, MemorySegment bytes) {
        return OneDnn.memory(
                layout, primitives.engine(), bytes, primitives.memory().arena());
    }
}
