package dev.tutti.parameterserver.policy;

import dev.tutti.proto.v1.Push;
import java.util.Arrays;
import java.util.function.IntPredicate;

/**
 * The training loss of the epoch under way, of a chunk whose pushes bring it. It lives with the chunk's parameters: the losses of a step
 * are added when the chunk takes the step, so each sample counts once however often workers or coordinators are lost. Losses are added
 * slice by slice and step by step, so the sum has the same bits whoever computed them.
 */
final class EpochLoss {
    private final long stepsPerEpoch;
    /** Of the step that is being summed, by slice. */
    private final float[] losses;

    private final int[] rows;
    private Trained now = Trained.NOTHING;
    private Trained before = Trained.NOTHING;
    private Trained lastEpoch = Trained.NOTHING;

    EpochLoss(int slices, long stepsPerEpoch) {
        this.stepsPerEpoch = stepsPerEpoch;
        this.losses = new float[slices];
        this.rows = new int[slices];
    }

    /** Keeps what a push says of its slices; a push that says nothing leaves their samples out. */
    void offer(Push push) {
        int count = push.getSliceEnd() - push.getSliceBegin();
        if (push.getSliceLossesCount() != count || push.getSliceRowsCount() != count) {
            return;
        }
        for (int i = 0; i < count; i++) {
            losses[push.getSliceBegin() + i] = push.getSliceLosses(i);
            rows[push.getSliceBegin() + i] = push.getSliceRows(i);
        }
    }

    /**
     * The chunk has taken a step.
     *
     * @param step counted from 1
     * @param isSummed whether the gradient of a slice was part of it
     */
    void applied(long step, IntPredicate isSummed) {
        before = now;
        boolean begins = step % stepsPerEpoch == 1 % stepsPerEpoch;
        if (begins) {
            lastEpoch = now;
        }
        Trained start = begins ? Trained.NOTHING : now;
        double lossSum = start.lossSum();
        long samples = start.samples();
        for (int slice = 0; slice < losses.length; slice++) {
            if (isSummed.test(slice)) {
                lossSum += losses[slice];
                samples += rows[slice];
            }
        }
        now = new Trained(lossSum, samples);
        forgetStep();
    }

    /** The step is computed again. */
    void forgetStep() {
        Arrays.fill(losses, 0);
        Arrays.fill(rows, 0);
    }

    /** Up to the chunk's version. */
    Trained current() {
        return now;
    }

    /** Of the whole epoch before the one under way. */
    Trained lastEpoch() {
        return lastEpoch;
    }

    /** Up to the version before. */
    Trained previous() {
        return before;
    }
}
