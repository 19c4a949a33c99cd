package dev.tutti.parameterserver.memory;

import java.lang.foreign.MemorySegment;

/**
 * A gradient, and what is to be made of it before it is applied.
 *
 * @param lossScale what it is multiplied with, to be divided out
 * @param factor what then to multiply it with where parameters are trained
 */
public record ScaledGradient(MemorySegment values, double lossScale, double factor) {
    /** As it is. */
    public static ScaledGradient plain(MemorySegment values) {
        return new ScaledGradient(values, 1, 1);
    }
}
