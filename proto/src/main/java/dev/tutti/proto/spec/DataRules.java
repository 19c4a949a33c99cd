package dev.tutti.proto.spec;

import dev.tutti.proto.v1.Data;
import dev.tutti.proto.v1.DataSource;
import dev.tutti.proto.v1.IdxSource;
import dev.tutti.proto.v1.Normalize;
import dev.tutti.proto.v1.TextSource;
import java.util.List;

/** The rules of {@code data}. */
final class DataRules {
    private static final List<String> SOURCES = List.of("mnist", "digits", TextData.TINY_SHAKESPEARE);

    private final Problems problems;

    DataRules(Problems problems) {
        this.problems = problems;
    }

    void check(Data data) {
        source(data.getSource());
        problems.fraction("data.split.validation", data.getSplit().getValidation());
        for (int i = 0; i < data.getTransformsCount(); i++) {
            String path = "data.transforms[" + i + "]";
            switch (data.getTransforms(i).getKindCase()) {
                case NORMALIZE ->
                    normalize(path + ".normalize", data.getTransforms(i).getNormalize());
                case KIND_NOT_SET -> problems.add(path, "is empty; known transforms: normalize");
            }
        }
        if (data.getTransformsCount() > 0 && TextData.isText(data)) {
            problems.add("data.transforms", "are for images; a text takes none");
        }
    }

    private void source(DataSource source) {
        String path = "data.source";
        switch (source.getKindCase()) {
            case NAME -> {
                if (!SOURCES.contains(source.getName())) {
                    problems.add(
                            path,
                            "is no source: " + source.getName() + DidYouMean.hint(source.getName(), SOURCES) + "; "
                                    + knownSources());
                }
            }
            case IDX -> idx(path + ".idx", source.getIdx());
            case DIGITS -> {
                problems.count(path + ".digits.train", source.getDigits().getTrain());
                problems.count(path + ".digits.test", source.getDigits().getTest());
            }
            case TEXT -> text(path + ".text", source.getText());
            case KIND_NOT_SET -> problems.add(path, "is missing; " + knownSources());
        }
    }

    private void idx(String path, IdxSource idx) {
        file(path + ".train-images", idx.getTrainImages());
        file(path + ".train-labels", idx.getTrainLabels());
        file(path + ".test-images", idx.getTestImages());
        file(path + ".test-labels", idx.getTestLabels());
    }

    private void file(String path, String name) {
        if (name.isEmpty()) {
            problems.add(path, "is missing; it names an IDX file, gzipped or not");
        }
    }

    private void text(String path, TextSource text) {
        if (text.getPath().isEmpty()) {
            problems.add(path + ".path", "is missing; it names a file");
        }
        problems.choice(path + ".tokens", text.getTokens(), List.of(TextData.CHARACTERS, TextData.BYTES));
        problems.count(path + ".context", text.getContext());
        problems.count(path + ".stride", text.getStride());
        problems.fraction(path + ".test", text.getTest());
    }

    private void normalize(String path, Normalize normalize) {
        if (!Double.isFinite(normalize.getMean())) {
            problems.add(path + ".mean", "must be a finite number, got " + normalize.getMean());
        }
        if (!normalize.hasStd()) {
            problems.add(path + ".std", Problems.MISSING);
        } else if (!Double.isFinite(normalize.getStd()) || normalize.getStd() == 0) {
            problems.add(path + ".std", "must be a finite number other than 0, got " + normalize.getStd());
        }
    }

    private static String knownSources() {
        return "known sources: " + String.join(", ", SOURCES) + ", or {idx: …}, {digits: …}, {text: …}";
    }
}
