package dev.tutti.proto.checkpoint;

import java.io.IOException;

/** A file or folder is not the checkpoint it should be. The message names it and says what is wrong, in one sentence. */
public final class CheckpointException extends IOException {
    private static final long serialVersionUID = 1L;

    public CheckpointException(String message) {
        super(message);
    }

    public CheckpointException(String message, Throwable cause) {
        super(message, cause);
    }
}
