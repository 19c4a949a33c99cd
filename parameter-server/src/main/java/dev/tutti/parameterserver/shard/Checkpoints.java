package dev.tutti.parameterserver.shard;

/** Where a shard's checkpoints go. Called by the shard's thread. */
public interface Checkpoints {
    /** Takes a snapshot over, writes it and tells the coordinator. May wait until an earlier one is written. */
    void write(ShardSnapshot snapshot);
}
