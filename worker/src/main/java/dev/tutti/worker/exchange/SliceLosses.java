package dev.tutti.worker.exchange;

import dev.tutti.proto.v1.Push;

/** What the slices of a step lost, to be told with the gradients of the first chunk. Training thread only. */
final class SliceLosses {
    /** A frame's header has 64 KiB. Of a job of more slices the training loss is not known. */
    private static final int MOST_SLICES = 4096;

    private final float[] losses;
    private final int[] rows;

    SliceLosses(int slices) {
        this.losses = new float[slices];
        this.rows = new int[slices];
    }

    /** @param loss the sum over its rows */
    void put(int slice, float loss, int rowCount) {
        losses[slice] = loss;
        rows[slice] = rowCount;
    }

    /** Tells of the slices a push is the gradient of. */
    void addTo(Push.Builder push) {
        if (losses.length > MOST_SLICES) {
            return;
        }
        for (int slice = push.getSliceBegin(); slice < push.getSliceEnd(); slice++) {
            push.addSliceLosses(losses[slice]).addSliceRows(rows[slice]);
        }
    }
}
