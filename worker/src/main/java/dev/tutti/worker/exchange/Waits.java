package dev.tutti.worker.exchange;

import dev.tutti.worker.metrics.WorkerMetrics;
import java.util.function.IntPredicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** The wait of the training thread for shards: named, and said aloud every ten seconds, so that nothing hangs in silence. */
final class Waits {
    private static final Logger LOG = LoggerFactory.getLogger(ParameterExchange.class);
    private static final long SAY_AFTER_MILLIS = 10_000;

    private final ExchangeTarget target;
    private final ChunkTable table;
    private final WorkerMetrics metrics;
    private String what = "";
    private long sinceNanos;
    /** In which nothing had come. */
    private long waitedNanos;

    private int firstMissing;
    /** Times this wait has been said aloud. */
    private int said;

    private IntPredicate misses = number -> false;

    Waits(ExchangeTarget target, ChunkTable table, WorkerMetrics metrics) {
        this.target = target;
        this.table = table;
        this.metrics = metrics;
    }

    void begin(String awaited) {
        what = awaited;
        sinceNanos = System.nanoTime();
        firstMissing = 0;
        said = 0;
    }

    /** Whether any chunk is still missing. Within one wait a chunk that has come stays. */
    boolean missing(IntPredicate isMissing) {
        misses = isMissing;
        while (firstMissing < table.size() && !isMissing.test(firstMissing)) {
            firstMissing++;
        }
        return firstMissing < table.size();
    }

    StreamEvent next(Inbox inbox) throws InterruptedException {
        long begin = System.nanoTime();
        StreamEvent event = inbox.poll(SAY_AFTER_MILLIS);
        while (event == null) {
            metrics.waitedLong("shards");
            said++;
            LOG.atLevel(said == 1 ? Level.INFO : Level.WARN).log(sentence());
            event = inbox.poll(SAY_AFTER_MILLIS);
        }
        waitedNanos += System.nanoTime() - begin;
        return event;
    }

    /** Nanoseconds for which the training thread has waited since the last call, in all waits together. */
    long takeNanos() {
        long taken = waitedNanos;
        waitedNanos = 0;
        return taken;
    }

    private String sentence() {
        StringBuilder sentence = new StringBuilder("Job " + target.job() + ", generation " + target.generation()
                + ": waiting for " + what + " for " + (System.nanoTime() - sinceNanos) / 1_000_000_000 + " s; missing");
        for (int shard = 0; shard < table.shardCount(); shard++) {
            int missing = 0;
            for (int chunk = 0; chunk < table.chunksInShard(shard); chunk++) {
                missing += misses.test(table.number(shard, chunk)) ? 1 : 0;
            }
            if (missing > 0) {
                sentence.append(" %d of %d chunks of shard %d at %s;"
                        .formatted(
                                missing,
                                table.chunksInShard(shard),
                                shard,
                                target.shardMap().getShards(shard).getEndpoint()));
            }
        }
        return sentence.toString();
    }
}
