package dev.tutti.it.simulation;

import dev.tutti.it.simulation.Network.Port;
import dev.tutti.parameterserver.shard.Shard;
import dev.tutti.parameterserver.shard.WorkerStream;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.Payload;

/** The product's {@link Shard}, each of whose chunks is one element; its thread takes the time of the true sizes. */
final class SimulatedShard implements AutoCloseable {
    private final Shard shard;
    private final Port port;
    private final SimulatedThread thread;
    private final double bytesPerSecond;

    /** @param shard closed with this */
    SimulatedShard(Shard shard, Port port, SimulatedThread thread, double bytesPerSecond) {
        this.shard = shard;
        this.port = port;
        this.thread = thread;
        this.bytesPerSecond = bytesPerSecond;
        shard.fence(Frames.GENERATION);
    }

    Port port() {
        return port;
    }

    void open(WorkerStream stream, FrameHeader open) {
        thread.execute(0, () -> shard.open(stream, open));
    }

    /** @param byteSize that the payload stands for */
    void receive(WorkerStream stream, FrameHeader header, Payload payload, long byteSize) {
        thread.execute(
                VirtualTime.nanos(byteSize, bytesPerSecond),
                () -> shard.receive(stream, new ExchangeFrame(header, payload)));
    }

    void ready(WorkerStream stream) {
        shard.ready(stream);
    }

    @Override
    public void close() {
        shard.close();
    }
}
