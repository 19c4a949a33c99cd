package dev.tutti.worker.training;

import dev.tutti.proto.spec.TextData;
import dev.tutti.tensor.backend.Program;
import dev.tutti.tensor.model.Layer;
import dev.tutti.tensor.model.Models;
import dev.tutti.tensor.random.CounterRandom;
import dev.tutti.worker.data.TokenWindows;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** What a language model writes: each next token is drawn from its probabilities, with the job's seed. Training thread only. */
final class TextSample {
    private static final int TOKENS = 400;
    /** Below 1: likely tokens become likelier. */
    private static final float TEMPERATURE = 0.8f;

    private static final long STREAM = CounterRandom.stream("sample");

    private final TokenWindows windows;
    private final CompiledModel model;
    private final CounterRandom random;
    private final List<Integer> start;

    private TextSample(TokenWindows windows, CompiledModel model, long seed, List<Integer> start) {
        this.windows = windows;
        this.model = model;
        this.random = new CounterRandom(seed);
        this.start = start;
    }

    /** Empty for what is no language model. */
    static Optional<TextSample> of(PreparedJob job, CompiledModel model) {
        if (!TextData.hasPerplexity(job.spec()) || !(job.data().train() instanceof TokenWindows train)) {
            return Optional.empty();
        }
        TokenWindows windows = job.data().test() instanceof TokenWindows test && test.sampleCount() > 0 ? test : train;
        return Optional.of(new TextSample(windows, model, job.spec().getSeed(), start(job, windows)));
    }

    /** A new line, if the text has any and the model does not mind what stands behind it; else the first sample. */
    private static List<Integer> start(PreparedJob job, TokenWindows windows) {
        OptionalInt newLine = windows.alphabet().token('\n');
        if (newLine.isPresent() && job.model().layers().stream().allMatch(TextSample::looksBackOnly)) {
            return List.of(newLine.getAsInt());
        }
        List<Integer> first = new ArrayList<>();
        for (int i = 0; i < windows.featureCount(); i++) {
            first.add(windows.token(0, i));
        }
        return first;
    }

    /** Whether what a layer gives for a time does not depend on later ones. */
    private static boolean looksBackOnly(Layer layer) {
        return switch (layer) {
            case Layer.Dense _,
                    Layer.TiedDense _,
                    Layer.Activate _,
                    Layer.Softmax _,
                    Layer.Dropout _,
                    Layer.LayerNorm _,
                    Layer.Embedding _,
                    Layer.Positions _ -> true;
            case Layer.Attention(int _, boolean causal) -> causal;
            case Layer.Lstm(int _, boolean sequences) -> sequences;
            case Layer.Residual(var layers) -> layers.stream().allMatch(TextSample::looksBackOnly);
            case Layer.Concat(var branches) ->
                branches.stream().flatMap(List::stream).allMatch(TextSample::looksBackOnly);
            case Layer.Conv2d _,
                    Layer.MaxPool _,
                    Layer.AveragePool _,
                    Layer.Flatten _,
                    Layer.Reshape _,
                    Layer.BatchNorm _,
                    Layer.Mean _ -> false;
        };
    }

    /** What follows on the start. */
    String write() throws InterruptedException {
        Program program = model.evaluation(1);
        MemorySegment features = program.input(Models.FEATURES);
        int context = windows.featureCount();
        List<Integer> written = new ArrayList<>(start);
        for (int i = 0; i < TOKENS; i++) {
            if (Thread.interrupted()) {
                throw new InterruptedException("writing was ended");
            }
            int from = Math.max(0, written.size() - context);
            int known = written.size() - from;
            for (int t = 0; t < context; t++) {
                // Behind the known ones nobody looks.
                features.setAtIndex(ValueLayout.JAVA_INT, t, t < known ? written.get(from + t) : 0);
            }
            program.run();
            written.add(draw(program.output(Models.LOGITS), known - 1, random.uniform(STREAM, i)));
        }
        return windows.alphabet().text(written.subList(start.size(), written.size()));
    }

    /** @param uniform in [0, 1) */
    private int draw(MemorySegment logits, int row, float uniform) {
        int classes = windows.classes();
        long first = (long) row * classes;
        double largest = Double.NEGATIVE_INFINITY;
        for (int c = 0; c < classes; c++) {
            largest = Math.max(largest, logits.getAtIndex(ValueLayout.JAVA_FLOAT, first + c));
        }
        double[] weights = new double[classes];
        double sum = 0;
        for (int c = 0; c < classes; c++) {
            weights[c] = Math.exp((logits.getAtIndex(ValueLayout.JAVA_FLOAT, first + c) - largest) / TEMPERATURE);
            sum += weights[c];
        }
        double left = uniform * sum;
        int drawn = 0;
        while (drawn < classes - 1 && left >= weights[drawn]) {
            left -= weights[drawn];
            drawn++;
        }
        return drawn;
    }
}
