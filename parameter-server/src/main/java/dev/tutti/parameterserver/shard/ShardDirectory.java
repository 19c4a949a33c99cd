package dev.tutti.parameterserver.shard;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The shards of this process. Thread-safe; the control actor adds and removes, the data plane looks up. */
public final class ShardDirectory {
    private final ConcurrentHashMap<Key, SerialShard> shards = new ConcurrentHashMap<>();

    private record Key(String job, int shard) {}

    public Optional<SerialShard> find(String job, int shard) {
        return Optional.ofNullable(shards.get(new Key(job, shard)));
    }

    public void add(SerialShard shard) {
        shards.put(new Key(shard.settings().job(), shard.settings().shard()), shard);
    }

    public void remove(SerialShard shard) {
        shards.remove(new Key(shard.settings().job(), shard.settings().shard()), shard);
    }

    /** Those of one job. */
    public List<SerialShard> of(String job) {
        return shards.values().stream()
                .filter(shard -> shard.settings().job().equals(job))
                .toList();
    }

    public List<SerialShard> all() {
        return List.copyOf(shards.values());
    }
}
