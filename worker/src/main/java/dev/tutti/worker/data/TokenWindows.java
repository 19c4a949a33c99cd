package dev.tutti.worker.data;

import dev.tutti.tensor.graph.ElementType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Windows of a part of a text, one beginning every so many tokens; the label of each token is the next one. Windows are views of the text. */
public final class TokenWindows implements Dataset {
    private final TokenIds ids;
    private final Alphabet alphabet;
    private final int begin;
    private final int context;
    private final int stride;
    private final int count;

    /** Over tokens [begin, end). */
    TokenWindows(TextReader.Text text, int begin, int end, TextCut cut) {
        this.ids = text.ids();
        this.alphabet = text.alphabet();
        this.begin = begin;
        this.context = cut.context();
        this.stride = cut.stride();
        long room = (long) end - begin - context - 1;
        this.count = room < 0 ? 0 : (int) (room / stride + 1);
    }

    public Alphabet alphabet() {
        return alphabet;
    }

    @Override
    public int sampleCount() {
        return count;
    }

    @Override
    public ElementType featureType() {
        return ElementType.I32;
    }

    @Override
    public List<Integer> featureShape() {
        return List.of(context);
    }

    @Override
    public int featureCount() {
        return context;
    }

    @Override
    public int classes() {
        return alphabet.size();
    }

    @Override
    public int labelsPerSample() {
        return context;
    }

    @Override
    public int label(int sample, int index) {
        return ids.at(first(sample) + index + 1);
    }

    /** @param index in [0, {@link #featureCount()}) */
    public int token(int sample, int index) {
        return ids.at(first(sample) + index);
    }

    @Override
    public void readFeatures(int sample, MemorySegment target, long firstElement) {
        int first = first(sample);
        for (int i = 0; i < context; i++) {
            target.setAtIndex(ValueLayout.JAVA_INT, firstElement + i, ids.at(first + i));
        }
    }

    private int first(int sample) {
        if (sample < 0 || sample >= count) {
            throw new IndexOutOfBoundsException("sample " + sample + " of " + count);
        }
        return begin + sample * stride;
    }
}
