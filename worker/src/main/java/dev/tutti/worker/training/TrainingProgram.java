package dev.tutti.worker.training;

import dev.tutti.tensor.backend.GradientSink;
import dev.tutti.tensor.backend.Program;
import dev.tutti.tensor.model.Models;
import dev.tutti.tensor.random.DropoutKey;
import dev.tutti.worker.data.Batch;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Forward and backward for a number of rows. Owned by {@link CompiledModel}; training thread only. */
final class TrainingProgram {
    private final Program program;
    private final int rows;
    private final long seed;
    private final MemorySegment features;
    private final MemorySegment labels;
    private final MemorySegment gradientScale;
    private final MemorySegment statisticScale;
    private final MemorySegment dropoutKey;
    private final MemorySegment lossSum;

    /** @param seed of the job */
    TrainingProgram(Program program, int rows, long seed) {
        this.program = program;
        this.rows = rows;
        this.seed = seed;
        this.features = program.input(Models.FEATURES);
        this.labels = program.input(Models.LABELS);
        this.gradientScale = program.input(Models.GRADIENT_SCALE);
        this.statisticScale = program.input(Models.STATISTIC_SCALE);
        this.dropoutKey = program.input(Models.DROPOUT_KEY);
        this.lossSum = program.output(Models.LOSS_SUM);
    }

    void load(Batch batch, int firstRow) {
        batch.copyRows(firstRow, rows, features, labels);
    }

    /**
     * Runs on the rows loaded. The loss is known before the first gradient; if it is not finite, the sink hears of none, so that no other
     * worker gets a parameter that is NaN.
     *
     * @param lossScale what every gradient and every statistic is multiplied with
     * @return the sum of the labels' losses
     */
    float run(double lossScale, RunPlace place, GradientSink sink) {
        // Where all labels are ignored, all gradients are zero.
        gradientScale.set(ValueLayout.JAVA_FLOAT, 0, (float) (lossScale / Math.max(1, place.stepLabels())));
        statisticScale.set(ValueLayout.JAVA_FLOAT, 0, (float) (lossScale / place.stepRows()));
        int[] key = DropoutKey.words(seed, place.step(), place.firstRow());
        MemorySegment.copy(key, 0, dropoutKey, ValueLayout.JAVA_INT, 0, key.length);
        program.run(parameter -> {
            if (Float.isFinite(loss())) {
                sink.gradientReady(parameter);
            }
        });
        return loss();
    }

    /** The sum of the labels' losses of the last run; known once its first gradient is. */
    float loss() {
        return lossSum.get(ValueLayout.JAVA_FLOAT, 0);
    }

    Program program() {
        return program;
    }
}
