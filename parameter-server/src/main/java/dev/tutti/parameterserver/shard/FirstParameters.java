package dev.tutti.parameterserver.shard;

import dev.tutti.parameterserver.memory.ChunkMemory;
import dev.tutti.proto.checkpoint.TensorPiece;
import dev.tutti.proto.v1.TensorPlacement;
import dev.tutti.proto.wire.ChunkGrid;
import dev.tutti.tensor.graph.Initializer;
import dev.tutti.tensor.random.ParameterInitialization;

/** What a range holds before the first step: every element a pure function of the job's seed, so the cut does not matter. */
final class FirstParameters {
    private FirstParameters() {}

    static void draw(ShardSettings settings, ChunkMemory memory) {
        ChunkGrid grid = memory.grid();
        for (int chunk = 0; chunk < memory.chunkCount(); chunk++) {
            for (TensorPiece piece :
                    TensorPiece.within(settings.map().getTensorsList(), grid.begin(chunk), grid.end(chunk))) {
                ParameterInitialization.fill(
                        settings.spec().getSeed(),
                        piece.tensor().getName(),
                        initializer(piece.tensor()),
                        piece.firstElement(),
                        piece.elementCount(),
                        memory.current(chunk)
                                .asSlice(
                                        (piece.offset() - grid.begin(chunk)) * Float.BYTES,
                                        piece.elementCount() * Float.BYTES));
            }
        }
    }

    private static Initializer initializer(TensorPlacement tensor) {
        return switch (tensor.getInitializer().getKindCase()) {
            case CONSTANT ->
                new Initializer.Constant((float) tensor.getInitializer().getConstant());
            case UNIFORM_BOUND ->
                new Initializer.Uniform((float) tensor.getInitializer().getUniformBound());
            case NORMAL_DEVIATION ->
                new Initializer.Normal((float) tensor.getInitializer().getNormalDeviation());
            case KIND_NOT_SET ->
                throw new IllegalArgumentException("Tensor " + tensor.getName() + " has no initializer");
        };
    }
}
