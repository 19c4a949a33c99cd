package dev.tutti.parameterserver.policy;

import dev.tutti.proto.v1.Vote;

/** What became of a gradient, or of a decision. */
public sealed interface Verdict {
    /** The chunk has a new version. */
    record Applied() implements Verdict {}

    /** It is summed up and waits for the other slices of its step. */
    record Kept() implements Verdict {}

    /** There is no memory for it before those of slices before it are there: to be offered again when another gradient of its chunk is in. */
    record TooEarly() implements Verdict {}

    /** It was the last this shard needed of a step, which is not applied before all shards' votes have decided it. */
    record Voted(long step, Vote vote) implements Verdict {}

    /**
     * All chunks have a new version.
     *
     * @param skipped with the parameters of the one before
     */
    record Decided(boolean skipped) implements Verdict {}

    /** Its step was complete without it; nothing changed. */
    record Late() implements Verdict {}

    /** It had been taken in before; nothing changed. */
    record Duplicate() implements Verdict {}

    /**
     * It broke the contract.
     *
     * @param reason one sentence with what was expected and what came
     */
    record Refused(String reason) implements Verdict {}
}
