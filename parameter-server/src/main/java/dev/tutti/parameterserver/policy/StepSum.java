package dev.tutti.parameterserver.policy;

import dev.tutti.proto.v1.Push;
import dev.tutti.proto.wire.SliceTree.Node;
import dev.tutti.proto.wire.encoding.ChunkValues;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** The sum of one chunk's gradient over one step. */
sealed interface StepSum permits SliceSum, ContributionSum {
    /** Whether all slices of a node have been taken in already. */
    boolean contains(Node node);

    /**
     * Whether adding a node, which is not contained, takes memory that is not given back with the next of the others in the order of their slices. The first
     * node does not, whichever it is.
     */
    boolean isEarly(Node node);

    /** Sums that are kept. */
    int kept();

    /**
     * Adds a node that is not contained.
     *
     * @param push what is said of it
     * @return the sum once it is complete: the caller's, to be given back to the buffers; this object is empty then
     */
    Optional<MemorySegment> add(Node node, Push push, ChunkValues gradient);

    /** Of the sum that {@link #add} returned last: whether a slice is in it. */
    boolean hasSummed(int slice);

    /** Forgets a step that was not complete. */
    void clear();
}
