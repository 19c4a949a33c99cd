package dev.tutti.worker.data;

import org.jspecify.annotations.Nullable;

/** The data of a job cannot be used. The message is one sentence for the user: which file, where in it, expected and got. */
public final class DataException extends Exception {
    private static final long serialVersionUID = 1L;

    public DataException(String message) {
        super(message);
    }

    DataException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
