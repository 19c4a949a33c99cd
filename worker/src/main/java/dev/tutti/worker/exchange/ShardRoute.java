package dev.tutti.worker.exchange;

import dev.tutti.node.sharedmemory.PayloadCarrier;
import dev.tutti.node.sharedmemory.SharedMemoryLink;
import dev.tutti.node.transport.ClientTransport;
import dev.tutti.proto.v1.ShardRange;
import java.util.Optional;

/**
 * How a shard is reached. The memory belongs to the {@link ShardStream} that is made with it.
 *
 * @param memory that payloads go through if the shard takes it
 */
record ShardRoute(ShardRange range, ClientTransport transport, Optional<SharedMemoryLink> memory) {
    /**
     * Shares memory with a shard on this machine.
     *
     * @param slots each way, 0 for no memory
     * @param payloadBytes of the largest payload
     */
    static ShardRoute to(ShardRange range, int slots, long payloadBytes) {
        ClientTransport transport = ClientTransport.to(range.getEndpoint(), range.getSocket());
        return new ShardRoute(
                range,
                transport,
                transport.isOnThisMachine() ? SharedMemoryLink.offer(slots, payloadBytes) : Optional.empty());
    }

    PayloadCarrier carrier() {
        return memory.isPresent() ? memory.get() : PayloadCarrier.inFrames();
    }
}
