package dev.tutti.tensor.model;

/** What the model's outputs are compared with, and how. A row is a sample, or each time of one if the model gives logits for each. */
public enum Task {
    /** Classification: {@code labels} are i32 [rows], the class of each row, from 0; the loss of a row is its negative log-likelihood. */
    CROSS_ENTROPY,
    /** Regression: {@code labels} are f32 [rows, outputs]; the loss of a row is the mean of its squared errors. */
    MSE,
    /** Several yes or no at once: {@code labels} are f32 [rows, outputs] in [0, 1]; the loss of a row is the mean of their negative log-likelihoods. */
    BINARY_CROSS_ENTROPY
}
