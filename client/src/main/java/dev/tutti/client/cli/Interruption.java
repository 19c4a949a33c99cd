package dev.tutti.client.cli;

import java.util.concurrent.atomic.AtomicInteger;

/** The user's wish to end: the first signal runs an orderly reaction, the second ends the process at once. */
final class Interruption {
    private final AtomicInteger signals = new AtomicInteger();

    private Interruption() {}

    /** @param orderly what the first signal starts; must return soon or may be cut short by the second */
    static Interruption watch(Runnable orderly) {
        var interruption = new Interruption();
        Signals.onInterruptOrTermination(() -> interruption.signalled(orderly));
        return interruption;
    }

    boolean happened() {
        return signals.get() > 0;
    }

    private void signalled(Runnable orderly) {
        if (signals.incrementAndGet() == 1) {
            orderly.run();
        } else {
            Runtime.getRuntime().halt(ExitCodes.INTERRUPTED);
        }
    }
}
