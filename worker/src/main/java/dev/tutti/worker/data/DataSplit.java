package dev.tutti.worker.data;

/**
 * Which of the source's training samples are trained on and which are held out for validation: a pure function of (seed, count,
 * fraction).
 */
public final class DataSplit {
    private static final long SPLIT_KEY = 0x76616c6964617465L;

    private final Permutation permutation;
    private final int trainCount;
    private final int validationCount;

    /**
     * @param sampleCount of the source's training samples, at least 1
     * @param validation the fraction held out, [0, 1); rounded to whole samples, and at least one sample stays for training
     */
    public DataSplit(long seed, int sampleCount, double validation) {
        if (!(validation >= 0 && validation < 1)) {
            throw new IllegalArgumentException("expected a validation fraction in [0, 1), got " + validation);
        }
        this.permutation = new Permutation(Permutation.mix(seed ^ SPLIT_KEY), sampleCount);
        this.validationCount = Math.toIntExact(Math.min(sampleCount - 1, Math.round(sampleCount * validation)));
        this.trainCount = sampleCount - validationCount;
    }

    public int trainCount() {
        return trainCount;
    }

    public int validationCount() {
        return validationCount;
    }

    /**
     * Index into the source's training samples.
     *
     * @param index in [0, {@link #trainCount()})
     */
    public int trainSample(long index) {
        return (int) permutation.at(index);
    }

    /**
     * Index into the source's training samples.
     *
     * @param index in [0, {@link #validationCount()})
     */
    public int validationSample(int index) {
        return (int) permutation.at(trainCount + (long) index);
    }
}
