package dev.tutti.worker.training;

import dev.tutti.tensor.backend.Program;

/** A loss is NaN or infinite: training has failed for good. The message names the step and the first tensor that is not finite. */
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
            String tensor = program.firstNonFinite()
                    .map(name -> "first non-finite tensor is " + name)
                    .orElse("no single tensor is non-finite when looked at again");
            throw new NonFiniteLossException(what + " is " + loss + " " + when + ": " + tensor);
        }
    }
}
