package dev.tutti.proto.spec;

import dev.tutti.proto.v1.Data;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Loss;
import dev.tutti.proto.v1.Model;
import dev.tutti.proto.v1.TextSource;

/** Which jobs learn from a text, and how it is cut. */
public final class TextData {
    public static final String CHARACTERS = "characters";
    public static final String BYTES = "bytes";
    /** The known source, a folder in the data folder. */
    public static final String TINY_SHAKESPEARE = "tinyshakespeare";

    private static final int DEFAULT_CONTEXT = 128;
    private static final double DEFAULT_TEST = 0.1;

    private TextData() {}

    /** Whether samples are tokens, each labelled with the next one. */
    public static boolean isText(Data data) {
        return data.getSource().hasText() || data.getSource().getName().equals(TINY_SHAKESPEARE);
    }

    /** Whether the job's losses are those of a language model: nats for each token, whose exponential is the perplexity. */
    public static boolean hasPerplexity(JobSpec spec) {
        return isText(spec.getData()) && spec.getTraining().getLoss() == Loss.LOSS_CROSS_ENTROPY;
    }

    /** How the job's text is cut, nothing left out; a known one has no path. */
    public static TextSource source(Data data, Model model) {
        TextSource text = data.getSource().getText();
        int context = text.hasContext()
                ? text.getContext()
                : model.hasContext() ? validContext(model.getContext()) : DEFAULT_CONTEXT;
        return text.toBuilder()
                .setTokens(text.hasTokens() ? text.getTokens() : CHARACTERS)
                .setContext(context)
                .setStride(text.hasStride() ? text.getStride() : validContext(context))
                .setTest(text.hasTest() ? text.getTest() : DEFAULT_TEST)
                .build();
    }

    /** What follows from a context that is out of range has the default: the mistake is one, and said of the key that was written. */
    static int validContext(int context) {
        return WholeRange.allows("model.context", context) ? context : DEFAULT_CONTEXT;
    }
}
