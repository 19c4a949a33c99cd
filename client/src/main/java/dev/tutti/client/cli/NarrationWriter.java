package dev.tutti.client.cli;

import dev.tutti.client.report.Narration;
import java.io.Writer;

/** Text a library writes to standard error, line by line. */
final class NarrationWriter extends Writer {
    private final Narration narration;
    private final StringBuilder line = new StringBuilder();

    NarrationWriter(Narration narration) {
        this.narration = narration;
    }

    @Override
    public void write(char[] buffer, int offset, int length) {
        line.append(buffer, offset, length);
        for (int end = line.indexOf("\n"); end >= 0; end = line.indexOf("\n")) {
            narration.line(line.substring(0, end).stripTrailing());
            line.delete(0, end + 1);
        }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {
        if (!line.isEmpty()) {
            narration.line(line.toString());
            line.setLength(0);
        }
    }
}
