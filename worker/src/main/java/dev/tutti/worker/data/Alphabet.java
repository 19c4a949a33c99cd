package dev.tutti.worker.data;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/** What the tokens of a text are: a token is an index in here. Immutable. */
public sealed interface Alphabet {
    int size();

    /** The token of an ASCII character; empty if the text has none. */
    OptionalInt token(char ascii);

    String text(List<Integer> tokens);

    /** The characters of a text, as Unicode code points in ascending order. */
    record Characters(CodePoints points) implements Alphabet {
        @Override
        public int size() {
            return points.count();
        }

        @Override
        public OptionalInt token(char ascii) {
            int token = points.indexOf(ascii);
            return token < 0 ? OptionalInt.empty() : OptionalInt.of(token);
        }

        @Override
        public String text(List<Integer> tokens) {
            StringBuilder text = new StringBuilder();
            tokens.forEach(token -> text.appendCodePoint(points.at(token)));
            return text.toString();
        }
    }

    /** All 256. */
    record Bytes() implements Alphabet {
        @Override
        public int size() {
            return 256;
        }

        @Override
        public OptionalInt token(char ascii) {
            return OptionalInt.of(ascii);
        }

        /** As UTF-8; what is none is the replacement character. */
        @Override
        public String text(List<Integer> tokens) {
            byte[] bytes = new byte[tokens.size()];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = tokens.get(i).byteValue();
            }
            return new String(bytes, StandardCharsets.UTF_8);
        }
    }

    /** Distinct code points, sorted. */
    final class CodePoints {
        private final int[] sorted;

        /** @param sorted not copied */
        CodePoints(int[] sorted) {
            this.sorted = sorted;
        }

        int count() {
            return sorted.length;
        }

        int at(int index) {
            return sorted[index];
        }

        /** Negative if it is none of them. */
        int indexOf(int codePoint) {
            return Arrays.binarySearch(sorted, codePoint);
        }
    }
}
