package dev.tutti.tensor.backend;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A model that learns where its backend computes: a step is a run and an update with its gradients, and parameters, gradients and the optimizer's state stay where they are
 * until they are asked for. Owned and used by one thread. Made by {@link Backend#trainer}.
 */
public interface Trainer extends AutoCloseable {
    /** As {@link Program#input}. */
    MemorySegment input(String name);

    /** As {@link Program#output}: of the run that the step began with. */
    MemorySegment output(String name);

    /** Forward and backward on the inputs as they are, then one update. */
    void step();

    /** Brings the parameters in the buffers up to date. */
    void readParameters();

    /** As {@link Program#profile}, with the update as the last part. Changes the parameters as so many updates do. */
    List<Program.Timing> profile(int runs);

    @Override
    void close();
}
