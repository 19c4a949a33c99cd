package dev.tutti.client.cli;

import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Standard output: a {@link PrintStream}, whose errors are silent, that remembers the first one. Thread-safe. */
final class DataStream extends PrintStream {
    private final Sink sink;

    DataStream(OutputStream out) {
        this(new Sink(out));
    }

    private DataStream(Sink sink) {
        super(new BufferedOutputStream(sink), true, StandardCharsets.UTF_8);
        this.sink = sink;
    }

    /** What was lost, unless its reader had enough, as {@code head} does. */
    Optional<IOException> failure() {
        flush();
        return Optional.ofNullable(sink.failure)
                .filter(failure -> !String.valueOf(failure.getMessage()).contains("Broken pipe"));
    }

    private static final class Sink extends FilterOutputStream {
        private volatile @Nullable IOException failure;

        Sink(OutputStream out) {
            super(out);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            try {
                out.write(bytes, offset, length);
            } catch (IOException e) {
                failure = failure == null ? e : failure;
                throw e;
            }
        }
    }
}
