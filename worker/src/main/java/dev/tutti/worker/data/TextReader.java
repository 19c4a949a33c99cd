package dev.tutti.worker.data;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.stream.Collectors;

/** Reads files one after the other as one text: never more of it is in memory than its tokens and a buffer, so characters take two readings. */
final class TextReader {
    /** What arrays can have. */
    private static final int MOST_TOKENS = Integer.MAX_VALUE - 8;

    private static final int MOST_SMALL = 256;

    private final List<Path> files;

    TextReader(List<Path> files) {
        this.files = files;
    }

    static String names(List<Path> files) {
        return files.stream().map(Path::toString).collect(Collectors.joining(", "));
    }

    /** Takes a code point at a time. */
    private interface Taker {
        void take(int codePoint) throws DataException;
    }

    /** A text as tokens. */
    record Text(TokenIds ids, Alphabet alphabet) {}

    Text bytes() throws DataException, InterruptedException {
        long size = 0;
        for (Path file : files) {
            size += byteSize(file);
        }
        byte[] all = new byte[checkedCount(size)];
        int filled = 0;
        for (Path file : files) {
            int expected = (int) byteSize(file);
            try (InputStream in = Files.newInputStream(file)) {
                int read = in.readNBytes(all, filled, Math.min(expected, all.length - filled));
                filled += read;
            } catch (IOException e) {
                throw unreadable(file, e);
            }
            stopIfAsked();
        }
        if (filled != all.length) {
            throw new DataException("%s: expected %d bytes, got %d: somebody changes the text"
                    .formatted(names(files), all.length, filled));
        }
        return new Text(new TokenIds.Small(all), new Alphabet.Bytes());
    }

    Text characters() throws DataException, InterruptedException {
        BitSet seen = new BitSet();
        long[] counted = new long[1];
        forEach(point -> {
            seen.set(point);
            counted[0]++;
        });
        Alphabet.CodePoints points = new Alphabet.CodePoints(seen.stream().toArray());
        return new Text(tokens(points, checkedCount(counted[0])), new Alphabet.Characters(points));
    }

    private TokenIds tokens(Alphabet.CodePoints points, int count) throws DataException, InterruptedException {
        int[] next = new int[1];
        if (points.count() <= MOST_SMALL) {
            byte[] tokens = new byte[count];
            forEach(point -> tokens[index(next, count)] = (byte) token(points, point));
            return new TokenIds.Small(tokens);
        }
        int[] tokens = new int[count];
        forEach(point -> tokens[index(next, count)] = token(points, point));
        return new TokenIds.Large(tokens);
    }

    private int index(int[] next, int count) throws DataException {
        if (next[0] == count) {
            throw changed();
        }
        return next[0]++;
    }

    private int token(Alphabet.CodePoints points, int point) throws DataException {
        int token = points.indexOf(point);
        if (token < 0) {
            throw changed();
        }
        return token;
    }

    private DataException changed() {
        return new DataException(names(files) + ": expected the same text when read again: somebody changes it");
    }

    private void forEach(Taker taker) throws DataException, InterruptedException {
        for (Path file : files) {
            // A decoder of this kind refuses what is no UTF-8.
            try (BufferedReader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
                char[] buffer = new char[1 << 16];
                int high = 0;
                for (int read = reader.read(buffer); read >= 0; read = reader.read(buffer)) {
                    for (int i = 0; i < read; i++) {
                        char unit = buffer[i];
                        if (Character.isHighSurrogate(unit)) {
                            high = unit;
                        } else if (Character.isLowSurrogate(unit)) {
                            taker.take(Character.toCodePoint((char) high, unit));
                        } else {
                            taker.take(unit);
                        }
                    }
                    stopIfAsked();
                }
            } catch (CharacterCodingException e) {
                throw new DataException(
                        file + " is not a text in UTF-8: convert it, or take bytes for tokens (tokens: bytes)", e);
            } catch (IOException e) {
                throw unreadable(file, e);
            }
        }
    }

    private int checkedCount(long count) throws DataException {
        if (count > MOST_TOKENS) {
            throw new DataException(
                    "%s: expected %d tokens at most, got %d".formatted(names(files), MOST_TOKENS, count));
        }
        return (int) count;
    }

    private static long byteSize(Path file) throws DataException {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static DataException unreadable(Path file, IOException e) {
        return new DataException(file + " cannot be read: " + e.getMessage(), e);
    }

    private static void stopIfAsked() throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException("stopped reading a text");
        }
    }
}
