package dev.tutti.worker.training;

import dev.tutti.worker.data.Batch;

/** Forward and backward passes, and what their gradients pass on their way out. Training thread only. */
final class Backpropagation {
    private final CompiledModel model;
    private final GradientGate gate;
    private final OverflowWatch overflows;
    private final LabelCounts labels;

    Backpropagation(Workbench bench) {
        this.model = bench.model();
        this.gate = GradientGate.of(bench);
        this.overflows = new OverflowWatch(gate);
        this.labels = new LabelCounts(bench.job());
    }

    LabelCounts labels() {
        return labels;
    }

    /** To be reported by this worker. */
    long skippedSteps() {
        return gate.skippedSteps();
    }

    void stepBegins() {
        overflows.stepBegins();
    }

    /** @param when for messages: {@code at step 17} */
    void stepEnds(String when) throws NonFiniteLossException {
        overflows.stepEnds(when);
    }

    /**
     * Runs some rows of a batch; gradients leave meanwhile.
     *
     * @param when for messages
     * @return the sum of the labels' losses
     */
    float run(Batch batch, int firstRow, int rows, RunPlace place, String when) throws NonFiniteLossException {
        TrainingProgram program = model.training(rows);
        program.load(batch, firstRow);
        float loss = program.run(gate.lossScale(), place, gate.begin());
        NonFiniteLossException.check(loss, "loss", when, program.program());
        gate.end(when, program.program());
        return loss;
    }
}
