package dev.tutti.worker.training;

import dev.tutti.proto.v1.TensorPlacement;
import dev.tutti.proto.wire.ShardMaps;
import dev.tutti.tensor.graph.Initializer;
import dev.tutti.tensor.random.ParameterInitialization;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** What the flat parameter space of a job begins with; its seed is 7. */
final class FirstParameters {
    private FirstParameters() {}

    static float[] of(List<TensorPlacement> tensors) {
        float[] flat = new float[(int) ShardMaps.elementCount(tensors)];
        try (Arena arena = Arena.ofConfined()) {
            for (TensorPlacement tensor : tensors) {
                int count = (int) ShardMaps.elementCount(tensor);
                MemorySegment values = arena.allocate(ValueLayout.JAVA_FLOAT, count);
                ParameterInitialization.fill(
                        7, tensor.getName(), initializer(tensor.getInitializer()), 0, count, values);
                MemorySegment.copy(values, ValueLayout.JAVA_FLOAT, 0, flat, (int) tensor.getOffset(), count);
            }
        }
        return flat;
    }

    private static Initializer initializer(dev.tutti.proto.v1.Initializer initializer) {
        return switch (initializer.getKindCase()) {
            case CONSTANT -> new Initializer.Constant((float) initializer.getConstant());
            case UNIFORM_BOUND -> new Initializer.Uniform((float) initializer.getUniformBound());
            case NORMAL_DEVIATION -> new Initializer.Normal((float) initializer.getNormalDeviation());
            case KIND_NOT_SET -> throw new IllegalStateException("expected an initializer");
        };
    }
}
