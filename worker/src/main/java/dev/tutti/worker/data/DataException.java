package dev.tutti.worker.data;

import org.jspecify.annotations.Nullable;

/** The data of a job cannot be used. The message is one sentence for the user: which file, where in it, expected and got. */
public final class DataException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String sentence;

    public DataException(String sentence) {
        this(sentence, null);
    }

    public DataException(String sentence, @Nullable Throwable cause) {
        super(sentence, cause);
        this.sentence = sentence;
    }

    /** The same as the message. */
    public String sentence() {
        return sentence;
    }
}
