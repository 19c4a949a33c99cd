package dev.tutti.proto.spec;

import static java.util.Map.entry;

import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The whole numbers a key of the job file may have: said in the same words to who writes 0 and to who writes -1, which no message can hold. */
public record WholeRange(long least, long most) {
    private static final WholeRange MEMBERS = new WholeRange(1, 1024);
    /** Every worker draws all of them, and holds them in memory. */
    private static final WholeRange DIGITS = new WholeRange(1, 1_000_000);

    private static final WholeRange DIGITS_OR_NONE = new WholeRange(0, 1_000_000);

    private static final WholeRange STEPS_OR_NONE = new WholeRange(0, Integer.MAX_VALUE);

    private static final WholeRange WIDTH = new WholeRange(1, 65_536);
    private static final WholeRange LAYERS = new WholeRange(1, 1000);
    private static final WholeRange HEADS = new WholeRange(1, 1024);
    private static final WholeRange VOCABULARY = new WholeRange(1, 10_000_000);
    /** Of an image, in pixels. */
    private static final WholeRange SIDE = new WholeRange(1, 65_536);

    private static final WholeRange SIDE_OR_NONE = new WholeRange(0, 65_536);
    /** Of tokens. */
    private static final WholeRange CONTEXT = new WholeRange(1, 65_536);

    /** Layers are in lists in lists: their paths are kept without what is around them. */
    private static final String LAYER = "layer.";

    private static final Pattern IN_LAYERS = Pattern.compile("model\\.layers\\[.*\\.([^.]+\\.[^.]+)");

    private static final Map<String, WholeRange> BY_PATH = Map.ofEntries(
            entry("model.hidden[]", WIDTH),
            entry("model.layers", LAYERS),
            entry("model.width", WIDTH),
            entry("model.heads", HEADS),
            entry("model.context", CONTEXT),
            entry("model.vocabulary", VOCABULARY),
            entry("model.feed-forward", new WholeRange(1, 1_048_576)),
            entry("model.padding", new WholeRange(0, 10_000_000)),
            entry(LAYER + "dense.units", new WholeRange(1, 10_000_000)),
            entry(LAYER + "conv2d.filters", WIDTH),
            entry(LAYER + "conv2d.kernel[]", SIDE),
            entry(LAYER + "conv2d.stride[]", SIDE),
            entry(LAYER + "conv2d.padding[]", SIDE_OR_NONE),
            entry(LAYER + "conv2d.groups", WIDTH),
            entry(LAYER + "max-pool.size[]", SIDE),
            entry(LAYER + "max-pool.stride[]", SIDE),
            entry(LAYER + "max-pool.padding[]", SIDE_OR_NONE),
            entry(LAYER + "average-pool.size[]", SIDE),
            entry(LAYER + "average-pool.stride[]", SIDE),
            entry(LAYER + "average-pool.padding[]", SIDE_OR_NONE),
            entry(LAYER + "embedding.width", WIDTH),
            entry(LAYER + "embedding.vocabulary", VOCABULARY),
            entry(LAYER + "attention.heads", HEADS),
            entry(LAYER + "lstm.hidden", WIDTH),
            entry(LAYER + "lstm.layers", LAYERS),
            entry(LAYER + "reshape.shape[]", new WholeRange(1, Integer.MAX_VALUE)),
            entry("data.source.digits.train", DIGITS),
            entry("data.source.digits.test", DIGITS_OR_NONE),
            entry("data.source.text.context", CONTEXT),
            entry("data.source.text.stride", new WholeRange(1, Integer.MAX_VALUE)),
            entry("training.epochs", new WholeRange(1, 1_000_000)),
            entry("training.batch", new WholeRange(1, Integer.MAX_VALUE)),
            entry("training.consistency.synchronous.backup-workers", new WholeRange(0, 1023)),
            entry("training.consistency.bounded-staleness.clocks", new WholeRange(0, 1_000_000)),
            entry("training.consistency.local.steps", new WholeRange(1, 1_000_000)),
            entry("training.consistency.local.fragments", new WholeRange(1, 1024)),
            entry("cluster.workers.min", MEMBERS),
            entry("cluster.workers.max", MEMBERS),
            entry("cluster.parameter-servers", MEMBERS),
            entry("checkpoint.every", STEPS_OR_NONE),
            entry("checkpoint.keep", STEPS_OR_NONE));

    /** @param path as it stands in the job file, e.g. {@code model.hidden[2]}; empty: its type alone limits it */
    public static Optional<WholeRange> of(String path) {
        String element = path.replaceFirst("\\[\\d+]$", "[]");
        Matcher layer = IN_LAYERS.matcher(element);
        return Optional.ofNullable(BY_PATH.get(layer.matches() ? LAYER + layer.group(1) : element));
    }

    /** @param value unsigned, of a path that has a range */
    static boolean allows(String path, int value) {
        return of(path).orElseThrow().contains(Integer.toUnsignedLong(value));
    }

    boolean contains(long value) {
        return value >= least && value <= most;
    }

    /** {@code must be 1 to 1024, got 0}. */
    public String refusal(Object value) {
        return "must be %d to %d, got %s".formatted(least, most, value);
    }
}
