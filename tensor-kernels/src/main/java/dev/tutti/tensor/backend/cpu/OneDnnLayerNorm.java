package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.lowering.MemoryPlan;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;

/** oneDNN's layer norm. It speaks of variances where the graph speaks of inverse deviations; a row's are one number, so they are converted here. */
record OneDnnLayerNorm(MemorySegment engine, OneDnnProducts primitives, ProgramMemory memory) {
    private static final int FORWARD_TRAINING = 64;
    private static final int BACKWARD = 128;
    private static final int SCALE_AND_SHIFT = 2 | 4;

    private static final MethodHandle FORWARD = OneDnn.status(
            "dnnl_layer_normalization_forward_primitive_desc_create",
            ADDRESS,
            ADDRESS,
            JAVA_INT,
            ADDRESS,
            ADDRESS,
            ADDRESS,
            JAVA_FLOAT,
            JAVA_INT,
            ADDRESS);
    private static final MethodHandle GRADIENT = OneDnn.status(
            "dnnl_layer_normalization_backward_primitive_desc_create",
            ADDRESS,
            ADDRESS,
            JAVA_INT,
            ADDRESS,
            ADDRESS,
            ADDRESS,
            ADDRESS,
            JAVA_FLOAT,
            JAVA_INT,
            ADDRESS,
            ADDRESS);

    /** Of a tensor and its rows, f32; for as long as primitives are described. */
    private record Layouts(MemorySegment rows, MemorySegment statistics, MemorySegment columns) {
        static Layouts of(Tensor x, Arena arena) {
            long columns = x.shape().last();
            long rows = x.elementCount() / columns;
            return new Layouts(
                    f32(List.of(rows, columns), List.of(columns, 1L), arena),
                    f32(List.of(rows), List.of(1L), arena),
                    f32(List.of(columns), List.of(1L), arena));
        }

        private static MemorySegment f32(List<Long> sizes, List<Long> strides, Arena arena) {
            return OneDnn.layout(OneDnnProducts.dataType(ElementType.F32), sizes, strides, arena);
        }

        MemorySegment describe(MemorySegment engine, float epsilon, Arena arena) {
            return OneDnn.description(
                    "layer norm",
                    arena,
                    FORWARD,
                    engine,
                    FORWARD_TRAINING,
                    rows,
                    rows,
                    statistics,
                    epsilon,
                    SCALE_AND_SHIFT,
                    OneDnn.attributes(arena));
        }

        MemorySegment describeGradient(MemorySegment engine, Arena arena) {
            return OneDnn.description(
                    "layer norm's gradient",
                    arena,
                    GRADIENT,
                    engine,
                    BACKWARD,
                    rows,
                    rows,
                    rows,
                    statistics,
                    0f,
                    SCALE_AND_SHIFT,
                    describe(engine, 0, arena),
                    OneDnn.attributes(arena));
        }
    }

    Kernel forward(NormalizationOp.LayerNorm op, List<Tensor> results) {
        MemorySegment deviations = memory.of(results.get(2));
        try (Arena scratch = Arena.ofConfined()) {
            Layouts layouts = Layouts.of(op.x(), scratch);
            OneDnnArguments arguments = new OneDnnArguments(memory.arena());
            add(arguments, OneDnnArguments.SOURCE, layouts.rows, memory.of(op.x()));
            add(arguments, OneDnnArguments.SCALE, layouts.columns, memory.of(op.gamma()));
            add(arguments, OneDnnArguments.SHIFT, layouts.columns, memory.of(op.beta()));
            add(arguments, OneDnnArguments.DESTINATION, layouts.rows, memory.of(results.get(0)));
            add(arguments, OneDnnArguments.MEAN, layouts.statistics, memory.of(results.get(1)));
            add(arguments, OneDnnArguments.VARIANCE, layouts.statistics, deviations);
            Kernel norm = primitives.bind(
                    "layer norm of " + op.x().shape(), layouts.describe(engine, op.epsilon(), scratch), arguments);
            Rows rows = Rows.flat(deviations);
            float[] values = rows.newRow();
            return () -> {
                norm.run();
                for (int r = 0; r < rows.count(); r++) {
                    rows.load(r, values);
                    NormalizationKernels.inverseDeviations(values, 1, op.epsilon(), rows.length(r));
                    rows.store(values, r);
                }
            };
        }
    }

    Kernel gradient(NormalizationOp.LayerNormGradient op, List<Tensor> results) {
        Rows deviations = Rows.flat(memory.of(op.inverseDeviation()));
        MemorySegment variances = memory.arena().allocate(deviations.memory().byteSize(), MemoryPlan.ALIGNMENT);
        try (Arena scratch = Arena.ofConfined()) {
            Layouts layouts = Layouts.of(op.x(), scratch);
            OneDnnArguments arguments = new OneDnnArguments(memory.arena());
            add(arguments, OneDnnArguments.SOURCE, layouts.rows, memory.of(op.x()));
            add(arguments, OneDnnArguments.SCALE, layouts.columns, memory.of(op.gamma()));
            add(arguments, OneDnnArguments.MEAN, layouts.statistics, memory.of(op.mean()));
            add(arguments, OneDnnArguments.VARIANCE, layouts.statistics, variances);
            add(arguments, OneDnnArguments.DESTINATION_GRADIENT, layouts.rows, memory.of(op.gradient()));
            add(arguments, OneDnnArguments.SOURCE_GRADIENT, layouts.rows, memory.of(results.get(0)));
            add(arguments, OneDnnArguments.SCALE_GRADIENT, layouts.columns, memory.of(results.get(1)));
            add(arguments, OneDnnArguments.SHIFT_GRADIENT, layouts.columns, memory.of(results.get(2)));
            Kernel gradient = primitives.bind(
                    "layer norm's gradient of " + op.x().shape(), layouts.describeGradient(engine, scratch), arguments);
            Rows rows = Rows.flat(variances);
            float[] values = rows.newRow();
            return () -> {
                for (int r = 0; r < rows.count(); r++) {
                    deviations.load(r, values);
                    variances(values, rows.length(r));
                    rows.store(values, r);
                }
                gradient.run();
            };
        }
    }

    /** With epsilon in them. */
    private static void variances(float[] inverseDeviations, int count) {
        for (int i = 0; i < count; i++) {
            inverseDeviations[i] = 1 / (inverseDeviations[i] * inverseDeviations[i]);
        }
    }

    private void add(OneDnnArguments arguments, int argument, MemorySegment layout, MemorySegment bytes) {
        arguments.add(argument, OneDnn.memory(layout, engine, bytes, memory.arena()));
    }
}
