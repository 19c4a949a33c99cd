package dev.tutti.coordinator.job;

import dev.tutti.proto.v1.ShardMap;
import dev.tutti.proto.v1.ShardRange;
import java.util.ArrayList;
import java.util.List;

/**
 * Who works on a job. Held until the job ends, a worker until it is lost.
 *
 * @param shardMap which parameter server holds which range; fixed for the job's life
 * @param numerics what all its workers agree on
 * @param workers in the order in which they take slices
 */
public record Team(ShardMap shardMap, String numerics, List<String> workers) {
    public Team {
        workers = List.copyOf(workers);
    }

    /** A worker's run of slices, [begin, end). */
    public record Share(String worker, int begin, int end) {}

    List<String> servers() {
        return shardMap.getShardsList().stream().map(ShardRange::getServer).toList();
    }

    boolean has(String member) {
        return workers.contains(member) || servers().contains(member);
    }

    Team withWorkers(List<String> others) {
        return new Team(shardMap, numerics, others);
    }

    Team without(String worker) {
        return withWorkers(
                workers.stream().filter(other -> !other.equals(worker)).toList());
    }

    /** All slices, in contiguous runs whose lengths differ by one at most; none is empty, as there are no more workers than slices. */
    List<Share> shares(int slices) {
        List<Share> shares = new ArrayList<>();
        int count = workers.size();
        for (int i = 0; i < count; i++) {
            shares.add(new Share(workers.get(i), (int) ((long) i * slices / count), (int) ((i + 1L) * slices / count)));
        }
        return shares;
    }
}
