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

    /** Levenshtein's distance, two letters swapped counted as one edit, letter case ignored. */
    private static int distance(String from, String to) {
        int[][] distances = new int[from.length() + 1][to.length() + 1];
        for (int i = 0; i <= from.length(); i++) {
            for (int j = 0; j <= to.length(); j++) {
                distances[i][j] = i == 0 || j == 0 ? i + j : shortest(distances, from, i, to, j);
            }
        }
        return distances[from.length()][to.length()];
    }

    private static int shortest(int[][] distances, String from, int i, String to, int j) {
        int replaced = distances[i - 1][j - 1] + (same(from, i - 1, to, j - 1) ? 0 : 1);
        int shortest = Math.min(replaced, Math.min(distances[i - 1][j], distances[i][j - 1]) + 1);
        boolean swapped = i > 1 && j > 1 && same(from, i - 1, to, j - 2) && same(from, i - 2, to, j - 1);
        return swapped ? Math.min(shortest, distances[i - 2][j - 2] + 1) : shortest;
    }

    private static boolean same(String from, int i, String to, int j) {
        return Character.toLowerCase(from.charAt(i)) == Character.toLowerCase(to.charAt(j));
    }
}
