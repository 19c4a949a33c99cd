package dev.tutti.parameterserver.rpc;

import dev.tutti.node.sharedmemory.SharedMemoryLink;
import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import dev.tutti.parameterserver.metrics.Refusal;
import dev.tutti.parameterserver.shard.SerialShard;
import dev.tutti.parameterserver.shard.Shard;
import dev.tutti.parameterserver.shard.ShardDirectory;
import dev.tutti.parameterserver.shard.WorkerStream;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.v1.Refused;
import dev.tutti.proto.wire.CorruptPayloadException;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.MalformedFrameException;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One worker's stream. gRPC's threads call the listener's side, one at a time, and only hand over; the shard's thread sends. Another
 * frame is asked for when the shard is done with one.
 */
final class ExchangeCall extends ServerCall.Listener<Inbound> implements WorkerStream {
    private static final Logger LOG = LoggerFactory.getLogger(ExchangeCall.class);

    private final ServerCall<Inbound, ExchangeFrame> call;
    private final ShardDirectory shards;
    private final ParameterServerMetrics metrics;
    private final Runnable gone;
    /** Set by the first frame. */
    private @Nullable FrameHeader opening;

    private @Nullable SerialShard shard;
    /** Set with the shard if the worker shares memory with it. Any thread closes it. */
    private volatile @Nullable SharedFrames shared;

    /** Whether the worker's frames come through it. */
    private volatile boolean attached;

    /** From then on nothing is sent. Touched by the thread that sends: the shard's, or before there is one gRPC's. */
    private boolean ended;

    /** @param gone called once, when the transport has done with the call */
    ExchangeCall(
            ServerCall<Inbound, ExchangeFrame> call,
            ShardDirectory shards,
            ParameterServerMetrics metrics,
            Runnable gone) {
        this.call = call;
        this.shards = shards;
        this.metrics = metrics;
        this.gone = gone;
    }

    @Override
    public void onMessage(Inbound inbound) {
        switch (inbound) {
            case Inbound.Intact(ExchangeFrame frame) -> receive(frame);
            case Inbound.Malformed(Refusal why, String reason) -> breach(why, reason);
        }
    }

    private void malformed(MalformedFrameException why) {
        breach(
                why instanceof CorruptPayloadException ? Refusal.CHECKSUM : Refusal.MALFORMED,
                "Malformed Exchange frame: " + why.getMessage());
    }

    private void receive(ExchangeFrame frame) {
        SerialShard bound = shard;
        FrameHeader first = opening;
        if (bound == null || first == null) {
            try (frame) {
                open(frame.header());
            }
        } else if (frame.header().hasAttached()) {
            frame.close();
            attach();
        } else if (attached || frame.header().hasSharedPayload()) {
            frame.close();
            malformed(new MalformedFrameException(
                    attached
                            ? "a frame beside the shared memory that all frames go through"
                            : "a payload in shared memory, of a frame that is not"));
        } else {
            receive(first, frame, bound::execute);
        }
    }

    /** Runs a task with the shard, or what is to be done if it is gone. */
    @FunctionalInterface
    private interface Way {
        void execute(Consumer<Shard> task, Runnable otherwise);
    }

    private void receive(FrameHeader first, ExchangeFrame frame, Way way) {
        if (!frame.header().getJob().equals(first.getJob()) || frame.header().getShard() != first.getShard()) {
            frame.close();
            breach(
                    Refusal.SHARD,
                    "A frame for shard " + frame.header().getShard() + " of job "
                            + frame.header().getJob() + " on the stream of shard " + first.getShard() + " of job "
                            + first.getJob());
            return;
        }
        way.execute(
                open -> {
                    if (open.receive(this, frame)) {
                        takeNext();
                    }
                },
                () -> {
                    frame.close();
                    end("The shard has been released");
                });
    }

    private void attach() {
        SharedFrames frames = shared;
        if (frames == null || attached) {
            breach(Refusal.CONTRACT, "Frames through shared memory, which is not there, or already used");
        } else {
            attached = true;
            frames.ask(ExchangeService.FRAMES_IN_FLIGHT);
        }
    }

    /** What the worker sends and leaves room for in shared memory, on the thread that waits for it. */
    private SharedFrames.Receiver receiver(SerialShard bound, FrameHeader first) {
        return new SharedFrames.Receiver() {
            @Override
            public void receive(ExchangeFrame frame) {
                ExchangeCall.this.receive(first, frame, bound::executeHere);
            }

            @Override
            public void malformed(MalformedFrameException why) {
                ExchangeCall.this.malformed(why);
            }

            @Override
            public void failed(Throwable why) {
                LOG.error("Frames of worker {} cannot be read", first.getOpen().getWorker(), why);
                onShard(bound, open -> {
                    open.left(ExchangeCall.this);
                    close(Status.INTERNAL.withDescription("The shard could not read on: " + why));
                });
            }

            @Override
            public void ready() {
                bound.executeHere(open -> open.ready(ExchangeCall.this), () -> {});
            }
        };
    }

    private void breach(Refusal why, String reason) {
        metrics.refused(why);
        SerialShard bound = shard;
        if (bound == null) {
            refuse(why, reason);
        } else {
            onShard(bound, open -> {
                open.left(this);
                refuse(why, reason);
            });
        }
    }

    /** What was damaged on its way is no fault of the worker's: the stream is lost, as it would be with the line, and the step is done again. */
    private void refuse(Refusal why, String reason) {
        if (why == Refusal.CHECKSUM) {
            close(Status.DATA_LOSS.withDescription(reason));
        } else {
            refuse(reason);
        }
    }

    private void open(FrameHeader header) {
        if (ended) {
            return;
        }
        if (!header.hasOpen()) {
            metrics.refused(Refusal.CONTRACT);
            end(header, Status.INVALID_ARGUMENT, "A stream's first frame is Open, got " + header.getKindCase());
            return;
        }
        SerialShard found = shards.find(header.getJob(), header.getShard()).orElse(null);
        if (found == null) {
            metrics.refused(Refusal.SHARD);
            end(
                    header,
                    Status.NOT_FOUND,
                    "This parameter server holds no shard " + header.getShard() + " of job " + header.getJob());
            return;
        }
        opening = header;
        if (header.getOpen().hasSharedMemory()) {
            shared = SharedMemoryLink.accept(
                            header.getOpen().getSharedMemory(),
                            (long) Float.BYTES * found.settings().grid().maxElementCount())
                    .map(SharedFrames::new)
                    .orElse(null);
        }
        shard = found;
        SharedFrames frames = shared;
        if (frames != null) {
            frames.start(header.getOpen().getWorker(), receiver(found, header));
        }
        onShard(found, open -> {
            open.open(this, header);
            call.request(1);
        });
    }

    @Override
    public void onReady() {
        SerialShard bound = shard;
        if (bound != null) {
            bound.execute(open -> open.ready(this), () -> {});
        }
    }

    @Override
    public void onHalfClose() {
        SerialShard bound = shard;
        if (bound == null) {
            close(Status.OK);
            return;
        }
        bound.execute(
                open -> {
                    open.left(this);
                    close(Status.OK);
                },
                () -> close(Status.OK));
    }

    @Override
    public void onComplete() {
        gone();
    }

    @Override
    public void onCancel() {
        gone();
        SerialShard bound = shard;
        if (bound != null) {
            bound.execute(
                    open -> {
                        ended = true;
                        open.left(this);
                    },
                    () -> ended = true);
        }
    }

    private void gone() {
        SharedFrames frames = shared;
        if (frames != null) {
            frames.close();
        }
        gone.run();
    }

    @Override
    public boolean isReady() {
        SharedFrames frames = shared;
        return !ended && (frames == null ? call.isReady() : frames.isReady());
    }

    @Override
    public void send(ExchangeFrame frame) {
        if (ended) {
            return;
        }
        SharedFrames frames = shared;
        if (frames != null && frames.send(frame)) {
            return;
        }
        try {
            call.sendMessage(frame);
        } catch (IllegalStateException e) {
            LOG.debug("A stream had ended before a frame was sent", e);
            ended = true;
        }
    }

    @Override
    public void takeNext() {
        SharedFrames frames = shared;
        if (frames == null || !attached) {
            call.request(1);
        } else {
            frames.ask(1);
        }
    }

    @Override
    public void refuse(String reason) {
        FrameHeader first = opening;
        end(first == null ? FrameHeader.getDefaultInstance() : first, Status.INVALID_ARGUMENT, reason);
    }

    @Override
    public void end(String reason) {
        close(Status.ABORTED.withDescription(reason));
    }

    private void end(FrameHeader about, Status status, String reason) {
        send(new ExchangeFrame(about.toBuilder()
                .setRefused(Refused.newBuilder().setReason(reason))
                .build()));
        close(status.withDescription(reason));
    }

    private void close(Status status) {
        if (!ended) {
            ended = true;
            try {
                call.close(status, new Metadata());
            } catch (IllegalStateException e) {
                // gRPC itself closes a call when it could not send or read a message.
                LOG.debug("A stream had ended before it was closed with {}", status, e);
            }
        }
    }

    private void onShard(SerialShard bound, Consumer<Shard> task) {
        bound.execute(task, () -> end("The shard has been released"));
    }
}
