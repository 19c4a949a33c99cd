package dev.tutti.parameterserver.policy;

/**
 * What has been trained on in an epoch.
 *
 * @param lossSum over the samples
 */
public record Trained(double lossSum, long samples) {
    static final Trained NOTHING = new Trained(0, 0);
}
