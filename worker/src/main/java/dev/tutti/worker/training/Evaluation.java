package dev.tutti.worker.training;

import dev.tutti.proto.v1.Sums;
import dev.tutti.tensor.backend.Program;
import dev.tutti.tensor.model.Models;
import dev.tutti.worker.data.BatchLayout;
import dev.tutti.worker.data.Dataset;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.IntUnaryOperator;

/** Loss and correct answers over samples, in runs of a fixed number of rows (the last may be shorter). Training thread only. */
final class Evaluation {
    private static final int ROWS = 256;
    /** Of a run: a text's samples have many. */
    private static final int MOST_LABELS = 8192;

    private final PreparedJob job;
    private final CompiledModel model;
    private final LabelCounts labelCounts;

    Evaluation(PreparedJob job, CompiledModel model, LabelCounts labelCounts) {
        this.job = job;
        this.model = model;
        this.labelCounts = labelCounts;
    }

    /**
     * Validation samples [begin, end).
     *
     * @param step complete steps, for messages
     */
    Sums validation(int begin, int end, long step) throws NonFiniteLossException, InterruptedException {
        return run("validation loss", step, job.data().train(), job.split()::validationSample, begin, end);
    }

    /**
     * Test samples [begin, end).
     *
     * @param step complete steps, for messages
     */
    Sums test(int begin, int end, long step) throws NonFiniteLossException, InterruptedException {
        return run("test loss", step, job.data().test(), IntUnaryOperator.identity(), begin, end);
    }

    private Sums run(String what, long step, Dataset dataset, IntUnaryOperator sampleAt, int begin, int end)
            throws NonFiniteLossException, InterruptedException {
        BatchLayout layout = job.layout(dataset);
        int mostRows = Math.clamp(MOST_LABELS / dataset.labelsPerSample(), 1, ROWS);
        double lossSum = 0;
        long correct = 0;
        for (int first = begin; first < end; first += mostRows) {
            if (Thread.interrupted()) {
                throw new InterruptedException("evaluation was ended");
            }
            int rows = Math.min(mostRows, end - first);
            Program program = model.evaluation(rows);
            MemorySegment features = program.input(Models.FEATURES);
            MemorySegment labels = program.input(Models.LABELS);
            for (int row = 0; row < rows; row++) {
                layout.writeRow(sampleAt.applyAsInt(first + row), row, features, labels);
            }
            program.run();
            float loss = program.output(Models.LOSS_SUM).get(ValueLayout.JAVA_FLOAT, 0);
            NonFiniteLossException.check(loss, what, "after step " + step, program);
            lossSum += loss;
            MemorySegment logits = program.output(Models.LOGITS);
            for (int row = 0; row < rows; row++) {
                correct += correct(logits, row, dataset, sampleAt.applyAsInt(first + row));
            }
        }
        return Sums.newBuilder()
                .setLossSum(lossSum)
                .setCorrect(correct)
                .setSamples(end - begin)
                .setLabels(labelCounts.of(dataset, index -> sampleAt.applyAsInt(begin + index), end - begin))
                .build();
    }

    /** Labels of a sample whose logit is the largest. */
    private int correct(MemorySegment logits, int row, Dataset dataset, int sample) {
        int correct = 0;
        for (int i = 0; i < dataset.labelsPerSample(); i++) {
            int label = dataset.label(sample, i);
            long logitsRow = (long) row * dataset.labelsPerSample() + i;
            correct += !labelCounts.isIgnored(label) && largest(logits, logitsRow, dataset.classes()) == label ? 1 : 0;
        }
        return correct;
    }

    /** Of several largest logits the first counts. */
    private static int largest(MemorySegment logits, long row, int classes) {
        int best = 0;
        float bestLogit = Float.NEGATIVE_INFINITY;
        for (int c = 0; c < classes; c++) {
            float logit = logits.getAtIndex(ValueLayout.JAVA_FLOAT, row * classes + c);
            if (logit > bestLogit) {
                bestLogit = logit;
                best = c;
            }
        }
        return best;
    }
}
