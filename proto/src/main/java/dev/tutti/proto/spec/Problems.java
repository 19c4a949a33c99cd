package dev.tutti.proto.spec;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** Collects the rules a job breaks, in the order in which they are looked at, and says what many rules say in the same words. */
final class Problems {
    static final String MISSING = "is missing";

    private final List<SpecProblem> found = new ArrayList<>();

    List<SpecProblem> found() {
        return List.copyOf(found);
    }

    void add(String path, String sentence) {
        found.add(SpecProblem.of(path, sentence));
    }

    /** Of a rule about two values. */
    void mismatch(String path, String sentence, String measuredBy, Optional<String> remedy) {
        found.add(new SpecProblem(path, sentence, Optional.of(measuredBy), remedy));
    }

    void requiredCount(String path, boolean isThere, int value) {
        if (isThere) {
            count(path, value);
        } else {
            add(path, MISSING);
        }
    }

    /** @param value unsigned */
    void count(String path, int value) {
        long unsigned = Integer.toUnsignedLong(value);
        WholeRange range = WholeRange.of(path).orElseThrow();
        if (!range.contains(unsigned)) {
            add(path, range.refusal(unsigned));
        }
    }

    /** Each element of a list. */
    void counts(String path, List<Integer> values) {
        for (int i = 0; i < values.size(); i++) {
            count(path + "[" + i + "]", values.get(i));
        }
    }

    void positive(String path, double value) {
        if (!Double.isFinite(value) || value <= 0) {
            add(path, "must be a finite number greater than 0, got " + value);
        }
    }

    void notNegative(String path, double value) {
        if (!Double.isFinite(value) || value < 0) {
            add(path, "must be a finite number, 0 or greater, got " + value);
        }
    }

    void fraction(String path, double value) {
        if (!(value >= 0 && value < 1)) {
            add(path, "must be at least 0 and less than 1, got " + value);
        }
    }

    void choice(String path, String value, Collection<String> known) {
        if (value.isEmpty()) {
            add(path, MISSING + ": must be " + either(known));
        } else if (!known.contains(value)) {
            add(path, "must be %s, got %s%s".formatted(either(known), value, DidYouMean.hint(value, known)));
        }
    }

    private static String either(Collection<String> known) {
        List<String> names = List.copyOf(known);
        return String.join(", ", names.subList(0, names.size() - 1)) + " or " + names.getLast();
    }
}
