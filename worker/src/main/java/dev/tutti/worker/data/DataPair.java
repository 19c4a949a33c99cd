package dev.tutti.worker.data;

/** What a data source gives: samples to train (and validate) with, and the source's own samples to test with. Both have the same shape and classes. */
public record DataPair(Dataset train, Dataset test) {
    public DataPair {
        if (!train.featureShape().equals(test.featureShape()) || train.classes() != test.classes()) {
            throw new IllegalArgumentException("training samples are " + train.featureShape() + " with "
                    + train.classes() + " classes, test samples " + test.featureShape() + " with " + test.classes());
        }
    }
}
