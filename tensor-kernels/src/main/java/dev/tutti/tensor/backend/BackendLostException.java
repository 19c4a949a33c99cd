package dev.tutti.tensor.backend;

/**
 * What a backend computes with has failed for this process, for good: the process has to end, and others go on without it. The message, for people, says all there is to say: where
 * it was noticed is not where it happened, so there is no stack trace, and what fails after it is not told.
 */
public final class BackendLostException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public BackendLostException(String message) {
        super(message, null, false, false);
    }
}
