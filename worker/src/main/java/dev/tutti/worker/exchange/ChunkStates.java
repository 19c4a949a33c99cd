package dev.tutti.worker.exchange;

import java.util.Arrays;

/** What a worker knows of each chunk's parameters. Training thread only. */
final class ChunkStates {
    private final long[] versions;
    private final int[] answersDue;

    /** None has come. */
    ChunkStates(int chunks) {
        this.versions = new long[chunks];
        this.answersDue = new int[chunks];
        Arrays.fill(versions, -1);
    }

    /** Of the parameters in place; −1 before the first. */
    long version(int chunk) {
        return versions[chunk];
    }

    void reach(int chunk, long version) {
        versions[chunk] = version;
    }

    long lowestVersion() {
        return Arrays.stream(versions).min().orElse(0);
    }

    /** At least 0. */
    long newestVersion() {
        long newest = 0;
        for (long version : versions) {
            newest = Math.max(newest, version);
        }
        return newest;
    }

    /** Of leases: something was pushed or asked for. */
    void answerDue(int chunk) {
        answersDue[chunk]++;
    }

    void answered(int chunk) {
        answersDue[chunk] = Math.max(0, answersDue[chunk] - 1);
    }

    boolean isAnswerDue(int chunk) {
        return answersDue[chunk] > 0;
    }
}
