package dev.tutti.benchmarks.exchange;

import java.io.IOException;

/** One way of moving bytes, again and again: all workers send theirs and wait for what comes back. */
interface Lap extends AutoCloseable {
    /** Once. Returns when every worker has everything. */
    void run() throws Exception;

    @Override
    void close() throws IOException;
}
