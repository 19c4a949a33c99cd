package dev.tutti.coordinator.journal;

import org.jspecify.annotations.Nullable;

/** The journal cannot be read or written. The message is one sentence for the operator. */
public final class JournalException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public JournalException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
