package dev.tutti.worker.exchange;

import dev.tutti.proto.wire.ExchangeFrame;
import io.grpc.Status;

/** What the training thread learns of a stream. */
sealed interface StreamEvent {
    int shard();

    /** Whoever takes it closes the frame. */
    record Received(int shard, ExchangeFrame frame) implements StreamEvent {}

    /** The stream takes more bytes. */
    record Writable(int shard) implements StreamEvent {}

    record Closed(int shard, Status status) implements StreamEvent {}
}
