package dev.tutti.parameterserver.shard;

/** Where a shard's checkpoints go. Called by the shard's thread, which it never holds up. */
public interface Checkpoints {
    /** Takes a snapshot over, writes it, now or once an earlier one is written, and tells the coordinator how it went. */
    void write(ShardSnapshot snapshot, Need need);

    /**
     * Tells the coordinator that this shard has no part of the checkpoint.
     *
     * @param reason one sentence
     */
    void giveUp(long generation, long step, String reason);

    /** What becomes of a snapshot that cannot be written at once. */
    enum Need {
        /** One of many: another follows, so it may be given up. */
        PERIODIC,
        /** The job's last one, or one the coordinator waits for: only a newer one that is needed as much takes its place. */
        REQUIRED
    }
}
