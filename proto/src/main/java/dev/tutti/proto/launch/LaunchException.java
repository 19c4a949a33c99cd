package dev.tutti.proto.launch;

import org.jspecify.annotations.Nullable;

/** A role could not start. The message is one sentence for the user: what is wrong and what to do. */
public final class LaunchException extends Exception {
    private static final long serialVersionUID = 1L;

    private final int exitCode;

    /** @param exitCode of docs/commands.md: 2 configuration, 4 unreachable, 1 anything else */
    public LaunchException(int exitCode, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.exitCode = exitCode;
    }

    public int exitCode() {
        return exitCode;
    }
}
