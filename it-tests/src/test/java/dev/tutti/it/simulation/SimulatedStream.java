package dev.tutti.it.simulation;

import dev.tutti.it.simulation.Placement.Chunk;
import dev.tutti.parameterserver.shard.WorkerStream;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.Payload;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** A worker's stream to one shard, both ways. The shard may be so many bytes ahead of what the worker has read. */
final class SimulatedStream implements WorkerStream {
    private final Network network;
    private final SimulatedShard shard;
    private final List<Chunk> chunks;
    private final SimulatedWorker worker;
    private final long budgetBytes;
    private final float[] element = new float[1];
    private long unreadBytes;
    private boolean isAwaited;

    /** @param chunks of the shard */
    SimulatedStream(Network network, SimulatedShard shard, List<Chunk> chunks, SimulatedWorker worker) {
        this.network = network;
        this.shard = shard;
        this.chunks = chunks;
        this.worker = worker;
        this.budgetBytes = worker.scenario().wire().unreadBytes();
    }

    // ---- from the worker

    void open(FrameHeader open) {
        network.send(worker.port(), shard.port(), 0, () -> shard.open(this, open));
    }

    void send(FrameHeader header) {
        push(header, Payload.none(), 0);
    }

    /** @param byteSize that the payload stands for */
    void push(FrameHeader header, Payload payload, long byteSize) {
        network.send(worker.port(), shard.port(), byteSize, () -> shard.receive(this, header, payload, byteSize));
    }

    /** The worker has read a chunk. */
    void read(Chunk chunk) {
        unreadBytes -= chunk.byteSize();
        if (isAwaited) {
            isAwaited = false;
            network.afterLatency(() -> shard.ready(this));
        }
    }

    // ---- from the shard

    @Override
    public boolean isReady() {
        isAwaited |= unreadBytes >= budgetBytes;
        return unreadBytes < budgetBytes;
    }

    @Override
    public void send(ExchangeFrame frame) {
        FrameHeader header = frame.header();
        switch (header.getKindCase()) {
            case CHUNK -> {
                Chunk chunk = chunks.get(header.getChunk().getChunk());
                frame.payload().copyTo(MemorySegment.ofArray(element));
                float value = element[0];
                unreadBytes += chunk.byteSize();
                network.send(
                        shard.port(),
                        worker.port(),
                        chunk.byteSize(),
                        () -> worker.receive(this, chunk, header.getStep(), value));
            }
            case CLOCK -> network.send(shard.port(), worker.port(), 0, () -> worker.entered(header.getClock()));
            default -> throw new IllegalStateException("A shard says " + header);
        }
    }

    /** Frames wait in the shard's inbox here, however many there are. */
    @Override
    public void takeNext() {}

    @Override
    public void refuse(String reason) {
        throw new IllegalStateException(reason);
    }

    @Override
    public void end(String reason) {
        // The simulation is over.
    }

    /** Shards keep streams in hash maps: the same order in every run. */
    @Override
    public int hashCode() {
        return worker.number();
    }

    @Override
    public boolean equals(Object other) {
        return this == other;
    }
}
