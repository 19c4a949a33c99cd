package dev.tutti.worker.data;

/**
 * Positions {@code [firstIndex, firstIndex + rows)} of an epoch's {@link SampleOrder}.
 *
 * @param epoch 0-based
 */
public record BatchRange(long epoch, long firstIndex, int rows) {}
