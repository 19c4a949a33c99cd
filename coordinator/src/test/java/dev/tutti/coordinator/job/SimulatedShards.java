package dev.tutti.coordinator.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;

/** What two parameter servers hold together: which step is complete, or which batches have been applied. */
final class SimulatedShards {
    boolean asynchronous;
    long generation;
    long completeStep;
    int epoch;
    final Set<Integer> applied = new HashSet<>();
    int appliedInAll;
    private final Set<Integer> slices = new HashSet<>();

    long open(long newGeneration) {
        assertThat(newGeneration).as("shards see growing generations").isGreaterThanOrEqualTo(generation);
        generation = newGeneration;
        slices.clear();
        return completeStep;
    }

    /** @return whether the step has become complete */
    boolean push(long fromGeneration, long step, int begin, int end, int all) {
        if (fromGeneration != generation || step != completeStep + 1) {
            return false;
        }
        for (int slice = begin; slice < end; slice++) {
            slices.add(slice);
        }
        if (slices.size() < all) {
            return false;
        }
        slices.clear();
        completeStep = step;
        return true;
    }

    /** An epoch's batches are applied once whatever the attempt. */
    void apply(long fromGeneration, int ofEpoch, int batch) {
        if (fromGeneration != generation) {
            return;
        }
        if (ofEpoch != epoch) {
            assertThat(ofEpoch).as("epochs follow one another").isEqualTo(epoch + 1);
            assertThat(applied).as("every batch of epoch %s was applied", epoch).hasSize(Specs.STEPS_PER_EPOCH);
            applied.clear();
            epoch = ofEpoch;
        }
        if (applied.add(batch)) {
            appliedInAll++;
        }
    }
}
