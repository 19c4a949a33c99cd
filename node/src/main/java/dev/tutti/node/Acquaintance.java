package dev.tutti.node;

import java.time.Duration;

/**
 * How long this process has known a member. A JVM that has just started is busy with itself and may pause for seconds on a loaded
 * machine; to suspect it would only keep others from joining. So two that have not known each other for long bear more silence of
 * each other than afterwards: before they suspect, and before they give up.
 *
 * @param sinceNanos by {@link System#nanoTime}
 */
record Acquaintance(long sinceNanos) {
    private static final Duration YOUTH = Duration.ofSeconds(30);
    private static final Duration PAUSE_IN_YOUTH = Duration.ofSeconds(6);
    private static final Duration SILENCE_IN_YOUTH = Duration.ofSeconds(20);

    static Acquaintance made() {
        return new Acquaintance(System.nanoTime());
    }

    boolean isYoung() {
        return System.nanoTime() - sinceNanos < YOUTH.toNanos();
    }

    /** For how long the heartbeats of a young one may pause before it is suspected. */
    static Duration pauseInYouth(Duration configured) {
        return longer(configured, PAUSE_IN_YOUTH);
    }

    /** For how long it may be silent before it is taken for lost. */
    Duration silence(Duration configured) {
        return isYoung() ? longer(configured, SILENCE_IN_YOUTH) : configured;
    }

    private static Duration longer(Duration one, Duration other) {
        return one.compareTo(other) > 0 ? one : other;
    }
}
