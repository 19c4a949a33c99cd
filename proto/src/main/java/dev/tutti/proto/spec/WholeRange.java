package dev.tutti.proto.spec;

import java.util.Map;
import java.util.Optional;

/** The whole numbers a key of the job file may have: said in the same words to who writes 0 and to who writes -1, which no message can hold. */
public record WholeRange(long least, long most) {
    private static final WholeRange MEMBERS = new WholeRange(1, 1024);
    /** Every worker draws all of them, and holds them in memory. */
    private static final WholeRange DIGITS = new WholeRange(0, 1_000_000);

    private static final WholeRange STEPS_OR_NONE = new WholeRange(0, Integer.MAX_VALUE);

    private static final Map<String, WholeRange> BY_PATH = Map.of(
            "model.hidden[]", new WholeRange(1, 65_536),
            "data.source.digits.train", DIGITS,
            "data.source.digits.test", DIGITS,
            "training.epochs", new WholeRange(1, 1_000_000),
            "training.batch", new WholeRange(1, Integer.MAX_VALUE),
            "cluster.workers.min", MEMBERS,
            "cluster.workers.max", MEMBERS,
            "cluster.parameter-servers", MEMBERS,
            "checkpoint.every", STEPS_OR_NONE,
            "checkpoint.keep", STEPS_OR_NONE);

    /** @param path as it stands in the job file, e.g. {@code model.hidden[2]}; empty: its type alone limits it */
    public static Optional<WholeRange> of(String path) {
        return Optional.ofNullable(BY_PATH.get(path.replaceFirst("\\[\\d+]$", "[]")));
    }

    boolean contains(long value) {
        return value >= least && value <= most;
    }

    /** {@code must be 1 to 1024, got 0}. */
    public String refusal(Object value) {
        return "must be %d to %d, got %s".formatted(least, most, value);
    }
}
