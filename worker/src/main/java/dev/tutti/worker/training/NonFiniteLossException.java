package dev.tutti.worker.training;

import dev.tutti.tensor.backend.Program;

/**
 * Training has failed for good: a loss is NaN or infinite, or a gradient is although the loss is finite, or the gradients of f16 have overflowed in too many
 * steps in a row. The message names the step; where a tensor is to blame, the first that is not finite; else what to change.
 */
final class NonFiniteLossException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String sentence;

    private NonFiniteLossException(String sentence) {
        super(sentence);
        this.sentence = sentence;
    }

    /** The same as the message. */
    String sentence() {
        return sentence;
    }

    /**
     * @param what {@code loss}, {@code validation loss}
     * @param when {@code at step 17}
     * @param program that gave it, its inputs unchanged
     */
    static void check(float loss, String what, String when, Program program) throws NonFiniteLossException {
        if (!Float.isFinite(loss)) {
            throw new NonFiniteLossException(what + " is " + loss + " " + when + ": " + first(program));
        }
    }

    /**
     * @param parameter whose gradient it is
     * @param when {@code at step 17}
     * @param program that gave it, its inputs unchanged
     */
    static NonFiniteLossException ofGradient(String parameter, String when, Program program) {
        return new NonFiniteLossException(
                "the gradient of " + parameter + " is not finite " + when + ": " + first(program));
    }

    /**
     * @param steps in a row that overflowed
     * @param when the last of them did: {@code at step 17}
     */
    static NonFiniteLossException ofScale(int steps, String when) {
        return new NonFiniteLossException(
                ("a gradient overflowed f16 in %d steps in a row with the loss scale at 1, which is the smallest, at"
                                + " last %s: use the precision bf16 or f32, a smaller learning rate, or smaller inputs")
                        .formatted(steps, when));
    }

    private static String first(Program program) {
        return program.firstNonFinite()
                .map(name -> "first non-finite tensor is " + name)
                .orElse("no single tensor is non-finite when looked at again");
    }
}
