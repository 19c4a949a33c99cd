package dev.tutti.proto.spec;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** The word someone probably meant. */
public final class DidYouMean {
    private DidYouMean() {}

    /** The candidate with the fewest edits, if that is at most a third of the word (and one edit for the shortest words). */
    public static Optional<String> suggest(String word, Collection<String> candidates) {
        int limit = Math.max(1, word.length() / 3);
        return candidates.stream()
                .filter(candidate -> distance(word, candidate) <= limit)
                .min(Comparator.<String>comparingInt(candidate -> distance(word, candidate))
                        .thenComparing(Comparator.naturalOrder()));
    }

    /** {@code " (did you mean x?)"}, or nothing: to be appended to a sentence. */
    public static String hint(String word, Collection<String> candidates) {
        return suggest(word, candidates)
                .map(candidate -> " (did you mean " + candidate + "?)")
                .orElse("");
    }

    /** Levenshtein's distance, letter case ignored. */
    private static int distance(String from, String to) {
        int[] previous = new int[to.length() + 1];
        for (int j = 0; j < previous.length; j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= from.length(); i++) {
            int[] row = new int[previous.length];
            row[0] = i;
            for (int j = 1; j < row.length; j++) {
                boolean same = Character.toLowerCase(from.charAt(i - 1)) == Character.toLowerCase(to.charAt(j - 1));
                row[j] = Math.min(Math.min(row[j - 1], previous[j]) + 1, previous[j - 1] + (same ? 0 : 1));
            }
            previous = row;
        }
        return previous[to.length()];
    }
}
