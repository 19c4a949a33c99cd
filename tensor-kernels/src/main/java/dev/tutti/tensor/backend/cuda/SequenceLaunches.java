package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@code sequence.cu}. */
record SequenceLaunches(Launches launches) {
    private static final int ID_THREADS = 128;
    private static final int RANK_THREADS = 256;
    private static final double BASE = 10_000;

    Launch embedding(SequenceOp.Embedding op, Tensor y) {
        return launch(
                "embedding",
                op.table(),
                y,
                Grid.forEach(y.elementCount()),
                new Struct()
                        .addresses(launches.at(op.table()), launches.at(op.ids()), launches.at(y))
                        .longs(y.elementCount())
                        .ints(y.shape().last(), op.table().shape().size(0)));
    }

    Launch embeddingGradient(SequenceOp.EmbeddingGradient op, Tensor y) {
        int ids = Math.toIntExact(op.ids().elementCount());
        long table = launches.at(y);
        long sorted = launches.scratch((long) ids * Integer.BYTES);
        Launch ranks = launch(
                "rank_ids",
                op.gradient(),
                y,
                Grid.blocks(Math.ceilDiv(ids, RANK_THREADS), RANK_THREADS),
                new Struct().addresses(launches.at(op.ids()), sorted).ints(ids));
        Launch sums = launch(
                "embedding_gradient",
                op.gradient(),
                y,
                Grid.blocks(ids, ID_THREADS),
                new Struct()
                        .addresses(launches.at(op.gradient()), launches.at(op.ids()), sorted, table)
                        .ints(ids, y.shape().last(), op.vocabulary()));
        Launch zeros = stream -> launches.driver().fill(table, (byte) 0, y.byteSize(), stream);
        return Launches.all(zeros, ranks, sums);
    }

    Launch addPositions(SequenceOp.AddPositions op, Tensor y) {
        int time = y.shape().size(1);
        int width = y.shape().size(2);
        long positions = launches.memory().allocate((long) time * width * Float.BYTES);
        copyPositions(time, width, positions);
        return launch(
                "add_positions",
                op.x(),
                y,
                Grid.forEach(y.elementCount()),
                new Struct()
                        .addresses(launches.at(op.x()), positions, launches.at(y))
                        .longs(y.elementCount(), (long) time * width));
    }

    /** Now: it is the same at every run. */
    private void copyPositions(int time, int width, long to) {
        float[] positions = new float[time * width];
        for (int i = 0; i < positions.length; i++) {
            int position = i / width;
            int column = i % width;
            double angle = position / StrictMath.pow(BASE, (double) (column / 2 * 2) / width);
            positions[i] = (float) (column % 2 == 0 ? StrictMath.sin(angle) : StrictMath.cos(angle));
        }
        Driver driver = launches.driver();
        long stream = driver.createStream();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate((long) positions.length * Float.BYTES, Float.BYTES)
                    .copyFrom(MemorySegment.ofArray(positions));
            driver.copyToDevice(to, copy, stream);
            driver.synchronize(stream);
        } finally {
            driver.destroyStream(stream);
        }
    }

    Launch paddingMask(SequenceOp.PaddingMask op, Tensor y) {
        return launches.of(
                KernelSources.SEQUENCE,
                List.of("X=f32", "Y=f32"),
                "padding_mask",
                Grid.forEach(y.elementCount()),
                new Struct()
                        .addresses(launches.at(op.ids()), launches.at(y))
                        .longs(y.elementCount())
                        .ints(op.padding()));
    }

    Launch timePool(SequenceOp.TimePool op, Tensor y) {
        return pool("time_pool", op.x(), op.ignored(), op.pooling(), y);
    }

    Launch timePoolGradient(SequenceOp.TimePoolGradient op, Tensor y) {
        return pool("time_pool_gradient", op.gradient(), op.ignored(), op.pooling(), y);
    }

    private Launch pool(String name, Tensor x, Tensor ignored, SequenceOp.Pooling pooling, Tensor y) {
        return launch(
                name,
                x,
                y,
                Grid.forEach(y.elementCount()),
                new Struct()
                        .addresses(launches.at(x), launches.at(ignored), launches.at(y))
                        .longs(y.elementCount())
                        .ints(ignored.shape().size(1), y.shape().last(), pooling == SequenceOp.Pooling.MEAN ? 1 : 0));
    }

    Launch delay(SequenceOp.Delay op, Tensor y) {
        return launch(
                "delay",
                op.x(),
                y,
                Grid.forEach(y.elementCount()),
                new Struct()
                        .addresses(launches.at(op.x()), launches.at(y))
                        .longs(
                                y.elementCount(),
                                (long) y.shape().size(1) * y.shape().size(2)));
    }

    private Launch launch(String name, Tensor x, Tensor y, Grid grid, Struct struct) {
        return launches.of(
                KernelSources.SEQUENCE, List.of(Launches.macro("X", x), Launches.macro("Y", y)), name, grid, struct);
    }
}
