package dev.tutti.parameterserver.policy;

/** What became of a gradient. */
public sealed interface Verdict {
    /** The chunk has a new version. */
    record Applied() implements Verdict {}

    /** It is summed up and waits for the other slices of its step. */
    record Kept() implements Verdict {}

    /** It had been taken in before; nothing changed. */
    record Duplicate() implements Verdict {}

    /**
     * It broke the contract.
     *
     * @param reason one sentence with what was expected and what came
     */
    record Refused(String reason) implements Verdict {}
}
