package dev.tutti.worker.exchange;

import dev.tutti.proto.v1.Push;
import java.util.Arrays;

/** What the slices of a step lost, to be told with the gradients of the first chunk, and how large they are. Training thread only. */
final class SliceLosses {
    /** A frame's header has 64 KiB. Of a job of more slices the training loss is not known. */
    private static final int MOST_SLICES = 4096;

    private final float[] losses;
    private final int[] labels;
    private final int[] rows;
    private int stepRows;

    SliceLosses(int slices) {
        this.losses = new float[slices];
        this.labels = new int[slices];
        this.rows = new int[slices];
    }

    void begin(SliceRun run) {
        rows[run.slice()] = run.rows();
        stepRows = run.stepRows();
    }

    /** Its loss is known. */
    void put(SliceRun run) {
        losses[run.slice()] = (float) run.loss().getAsDouble();
        labels[run.slice()] = run.labels();
    }

    /** Tells of the slices a push is the gradient of. */
    void addTo(Push.Builder push) {
        if (losses.length > MOST_SLICES) {
            return;
        }
        for (int slice = push.getSliceBegin(); slice < push.getSliceEnd(); slice++) {
            push.addSliceLosses(losses[slice]).addSliceRows(labels[slice]);
        }
    }

    /** Samples of slices. */
    int rows(int begin, int end) {
        return Arrays.stream(rows, begin, end).sum();
    }

    /** Samples of all slices of the step. */
    int stepRows() {
        return stepRows;
    }
}
