package dev.tutti.worker.exchange;

import dev.tutti.node.sharedmemory.Doorbell;
import dev.tutti.node.sharedmemory.ExchangeMemory;
import dev.tutti.node.transport.ClientTransport;
import dev.tutti.proto.v1.ShardRange;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/** How a generation's shards are reached, and the memory that is shared with those on this machine. Training thread only. */
final class ShardRoutes implements AutoCloseable {
    /** Of a chunk each, both ways, that a shard shares with all of a job's workers: however many there are, its memory stays bounded. */
    private static final int SLOTS_OF_SHARD = 16;

    private final Optional<ExchangeMemory> memory;
    private final List<Route> routes;

    /** @param part of the shared memory, for a shard on this machine that takes it */
    record Route(ShardRange range, ClientTransport transport, Optional<ExchangeMemory.Part> part) {}

    private ShardRoutes(Optional<ExchangeMemory> memory, List<Route> routes) {
        this.memory = memory;
        this.routes = routes;
    }

    /**
     * Knocks at each shard's socket.
     *
     * @param payloadBytes of the largest payload
     */
    static ShardRoutes of(ExchangeTarget target, ChunkTable table, long payloadBytes) {
        int slots = target.sharesMemory() ? SLOTS_OF_SHARD / target.workers() : 0;
        List<Route> plain = target.shardMap().getShardsList().stream()
                .map(range ->
                        new Route(range, ClientTransport.to(range.getEndpoint(), range.getSocket()), Optional.empty()))
                .toList();
        List<Integer> shared = plain.stream()
                .filter(route -> slots > 0 && route.transport.isOnThisMachine())
                .map(route -> Math.min(slots, 2 * table.chunksInShard(route.range.getShard())))
                .toList();
        Optional<ExchangeMemory> memory =
                shared.isEmpty() ? Optional.empty() : ExchangeMemory.create(shared, payloadBytes);
        if (memory.isEmpty()) {
            return new ShardRoutes(memory, plain);
        }
        Iterator<ExchangeMemory.Part> parts = memory.get().parts().iterator();
        return new ShardRoutes(
                memory,
                plain.stream()
                        .map(route -> route.transport.isOnThisMachine()
                                ? new Route(route.range, route.transport, Optional.of(parts.next()))
                                : route)
                        .toList());
    }

    /** By shard. */
    List<Route> all() {
        return routes;
    }

    /** Rung when anything comes through shared memory. */
    Doorbell bell() {
        return memory.map(ExchangeMemory::bell).orElseGet(Doorbell::local);
    }

    /** Another shard has taken its part. */
    void attached() {
        memory.ifPresent(ExchangeMemory::attached);
    }

    @Override
    public void close() {
        memory.ifPresent(ExchangeMemory::close);
    }
}
