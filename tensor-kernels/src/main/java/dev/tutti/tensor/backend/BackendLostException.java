package dev.tutti.tensor.backend;

/** What a backend computes with has failed for this process, for good: the process has to end, and others go on without it. The message is for people. */
public final class BackendLostException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public BackendLostException(String message) {
        super(message);
    }
}
