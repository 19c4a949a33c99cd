package dev.tutti.client.report;

import java.io.PrintStream;

/** Standard error: whole lines, and on a terminal one last line that is redrawn in place. Thread-safe. */
public final class Narration {
    private static final int WIDEST_REDRAW = 118;
    private static final String CLEAR_LINE = "\r\u001b[K";

    private final PrintStream err;
    private final boolean interactive;
    private boolean drawn;

    public Narration(PrintStream err, boolean interactive) {
        this.err = err;
        this.interactive = interactive;
    }

    public boolean interactive() {
        return interactive;
    }

    public synchronized void line(String text) {
        clear();
        err.println(text);
    }

    /** Replaces the last redrawn line; only for a terminal. */
    public synchronized void redraw(String text) {
        err.print(CLEAR_LINE + text.substring(0, Math.min(text.length(), WIDEST_REDRAW)));
        err.flush();
        drawn = true;
    }

    /** Takes the redrawn line away, before something else is written. */
    public synchronized void clear() {
        if (drawn) {
            err.print(CLEAR_LINE);
            err.flush();
            drawn = false;
        }
    }
}
