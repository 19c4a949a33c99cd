package dev.tutti.worker.data;

import dev.tutti.proto.spec.TextData;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.TextSource;
import java.nio.file.Path;
import java.util.List;

/**
 * How a text becomes samples.
 *
 * @param bytes whether tokens are bytes, not characters
 * @param context tokens of a sample
 * @param stride tokens from the beginning of a sample to that of the next
 * @param test the fraction at the end that is the test set
 */
record TextCut(boolean bytes, int context, int stride, double test) {
    /** @param spec with its defaults */
    static TextCut of(JobSpec spec) {
        TextSource text = TextData.source(spec.getData(), spec.getModel());
        return new TextCut(
                text.getTokens().equals(TextData.BYTES), text.getContext(), text.getStride(), text.getTest());
    }

    /** @param files read one after the other */
    DataPair read(List<Path> files) throws DataException, InterruptedException {
        TextReader reader = new TextReader(files);
        TextReader.Text text = bytes ? reader.bytes() : reader.characters();
        int count = text.ids().count();
        int trainEnd = (int) (count * (1 - test));
        TokenWindows trainWindows = new TokenWindows(text, 0, trainEnd, this);
        TokenWindows testWindows = new TokenWindows(text, trainEnd, count, this);
        require(trainWindows, files, trainEnd, "train on");
        if (test > 0) {
            require(testWindows, files, count - trainEnd, "test with");
        }
        return new DataPair(trainWindows, testWindows);
    }

    private void require(TokenWindows windows, List<Path> files, int tokens, String what) throws DataException {
        if (windows.sampleCount() == 0) {
            throw new DataException("%s: expected %d tokens or more to %s, a sample of %d and the one after it, got %d"
                    .formatted(TextReader.names(files), context + 1, what, context, tokens));
        }
    }
}
