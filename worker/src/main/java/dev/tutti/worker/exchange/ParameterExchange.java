package dev.tutti.worker.exchange;

import dev.tutti.proto.v1.Chunk;
import dev.tutti.proto.v1.Decision;
import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.v1.Open;
import dev.tutti.proto.v1.Pull;
import dev.tutti.proto.v1.Push;
import dev.tutti.proto.v1.ShardRange;
import dev.tutti.proto.v1.Sums;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.SliceTree;
import dev.tutti.tensor.backend.GradientSink;
import dev.tutti.tensor.backend.ParameterBuffers;
import dev.tutti.worker.metrics.WorkerMetrics;
import io.grpc.Status;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.function.DoubleSupplier;

/**
 * The worker's side of the data plane for one generation: gradients leave during the backward pass, chunk by chunk, as soon as every
 * tensor in a chunk is final; parameters come back and are awaited between steps.
 *
 * <p><b>Why parameters never change under a running program.</b> Everything here runs on the training thread. gRPC's threads only
 * put received frames into the inbox, where their payloads stay in the transport's buffers; they are copied into the flat parameter
 * buffer by {@link #awaitVersion} and {@link #awaitReplies} alone, which the training thread calls when no program runs. (Writing on
 * arrival would be wrong even after our own gradient has left: a shard can answer while the same layer's backward pass still
 * reads its weights.)
 *
 * <p><b>Votes.</b> In jobs whose shards take a step together, the wait for a version is also where the shards' votes come in and the decision
 * goes out; see {@link Votes}.
 *
 * <p><b>Bounds.</b> A shard may send as many frames as we have requested, about 8 MiB a stream; another is requested for each one read.
 * Frames of a version beyond the awaited one (a shard was ahead when this generation began) are kept aside, one a chunk at most.
 */
public final class ParameterExchange implements GradientSink, AutoCloseable {
    private final ExchangeTarget target;
    private final ParameterBuffers buffers;
    private final ChunkTable table;
    private final SumPlan plan;
    private final Arena arena = Arena.ofConfined();
    private final ChunkBuffers chunkBuffers;
    private final PartialSums sums;
    private final Inbox inbox = new Inbox();
    private final Waits waits;
    private final FrameCheck check;
    private final Optional<Votes> votes;
    private final List<ShardStream> streams = new ArrayList<>();
    private final Queue<StreamEvent.Received> ahead = new ArrayDeque<>();

    /** Of each chunk: the version it stands at; answers still to come; tensors whose gradient is not final yet. */
    private final long[] versions;

    private final int[] answersDue;
    private final int[] tensorsOpen;
    private final int[] tensorsInChunks;
    private final SliceLosses sliceLosses;
    private PushKey key = new PushKey.Slice(0, 0, 0, () -> 0);
    private Sums epochTraining = Sums.getDefaultInstance();
    private double lossScale = 1;
    private long skippedSteps;

    /** What the gradients of the program that runs now are pushed as. */
    private sealed interface PushKey {
        record Slice(long step, int slice, int rows, DoubleSupplier loss) implements PushKey {}

        record Batch(int epoch, int batch, int attempt) implements PushKey {}
    }

    private ParameterExchange(ExchangeTarget target, ParameterBuffers buffers, WorkerMetrics metrics) {
        this.target = target;
        this.buffers = buffers;
        this.table = new ChunkTable(target.shardMap());
        this.plan = new SumPlan(new SliceTree(target.slices()), target.sliceBegin(), target.sliceEnd());
        this.chunkBuffers = new ChunkBuffers(arena, table.maxChunkByteSize());
        this.sums = new PartialSums(chunkBuffers, table.size());
        this.waits = new Waits(target, table, metrics);
        this.check = new FrameCheck(target, table);
        this.votes = target.stepRule().map(rule -> new Votes(target.job(), rule, table.shardCount(), metrics));
        this.sliceLosses = new SliceLosses(target.slices());
        this.versions = new long[table.size()];
        this.answersDue = new int[table.size()];
        this.tensorsOpen = new int[table.size()];
        this.tensorsInChunks = table.tensorsInChunks();
        Arrays.fill(versions, -1);
    }

    /**
     * Opens a stream to every shard and says who is there. Returns at once; whether it worked shows in the first wait.
     *
     * @param buffers stay the caller's; they must outlive the exchange
     */
    public static ParameterExchange open(ExchangeTarget target, ParameterBuffers buffers, WorkerMetrics metrics) {
        ParameterExchange exchange = new ParameterExchange(target, buffers, metrics);
        try {
            target.shardMap().getShardsList().forEach(exchange::open);
            return exchange;
        } catch (RuntimeException e) {
            exchange.close();
            throw e;
        }
    }

    private void open(ShardRange range) {
        ShardStream stream = new ShardStream(range, table.maxChunkByteSize(), chunkBuffers, inbox);
        streams.add(stream);
        stream.send(header(range.getShard(), target.startStep())
                .setOpen(Open.newBuilder().setWorker(target.worker()).setStartStep(target.startStep()))
                .build());
    }

    // ---- gradients out

    /**
     * The next program run computes the gradient of this slice.
     *
     * @param labels that count in it
     * @param loss the sum over its labels; asked once a gradient is ready
     */
    public void beginSlice(long step, int slice, int labels, DoubleSupplier loss) {
        begin(new PushKey.Slice(step, slice, labels, loss));
    }

    /** The next program run computes the gradient of this batch of a lease. */
    public void beginBatch(int epoch, int batch, int attempt) {
        begin(new PushKey.Batch(epoch, batch, attempt));
    }

    private void begin(PushKey next) {
        key = next;
        System.arraycopy(tensorsInChunks, 0, tensorsOpen, 0, tensorsOpen.length);
    }

    /** Called by the program, on this thread: pushes every chunk that has become final. */
    @Override
    public void gradientReady(int parameter) {
        for (int number : table.chunksOf(parameter)) {
            tensorsOpen[number]--;
            if (tensorsOpen[number] == 0) {
                gradientFinal(table.chunk(number));
            }
        }
    }

    /** A slice without rows: its gradient is zero, and is pushed like any other. */
    public void pushZeros(long step, int slice) {
        beginSlice(step, slice, 0, () -> 0);
        buffers.gradients().fill((byte) 0);
        for (int number = 0; number < table.size(); number++) {
            gradientFinal(table.chunk(number));
        }
    }

    private void gradientFinal(ChunkTable.Chunk chunk) {
        MemorySegment gradient = buffers.gradients().asSlice(chunk.byteOffset(), chunk.byteSize());
        switch (key) {
            case PushKey.Slice(var step, var slice, var rows, var loss) -> {
                if (isFirst(chunk)) {
                    sliceLosses.put(slice, (float) loss.getAsDouble(), rows);
                }
                addToTree(chunk, gradient, step, plan.turn(slice));
            }
            case PushKey.Batch batch -> {
                answersDue[chunk.number()]++;
                streams.get(chunk.shard()).sendView(pushOf(chunk, batch), gradient);
            }
        }
    }

    /** Of shard 0: losses travel with it. */
    private static boolean isFirst(ChunkTable.Chunk chunk) {
        return chunk.number() == 0;
    }

    private void addToTree(ChunkTable.Chunk chunk, MemorySegment gradient, long step, SumPlan.Turn turn) {
        if (!turn.complete()) {
            sums.hold(chunk.number(), gradient, turn.merges());
        } else if (turn.merges() == 0) {
            streams.get(chunk.shard()).sendView(pushOf(chunk, step, turn), gradient);
        } else {
            MemorySegment sum = sums.merge(chunk.number(), gradient, turn.merges());
            streams.get(chunk.shard()).sendBuffer(pushOf(chunk, step, turn), sum, chunk.byteSize());
        }
    }

    // ---- parameters in

    /** Asynchronous: asks every shard for its current parameters; {@link #awaitReplies} waits for them. */
    public void pull() {
        for (ShardStream stream : streams) {
            stream.send(header(stream.range().getShard(), 0)
                    .setPull(Pull.getDefaultInstance())
                    .build());
        }
        for (int number = 0; number < table.size(); number++) {
            answersDue[number]++;
        }
    }

    /** Synchronous: waits until every chunk of every shard stands at the version, and has the parameters in place. */
    public void awaitVersion(long version) throws InterruptedException, ExchangeEndedException {
        waits.begin("version " + version);
        for (int kept = ahead.size(); kept > 0; kept--) {
            takeVersion(ahead.remove(), version);
        }
        while (waits.missing(number -> versions[number] < version)) {
            switch (waits.next(inbox)) {
                case StreamEvent.Received received -> {
                    streams.get(received.shard()).requestNext();
                    takeVersionOrVote(received, version);
                }
                case StreamEvent.Writable(var shard) -> streams.get(shard).flush();
                case StreamEvent.Closed(var shard, var status) -> throw lost(shard, status);
            }
        }
    }

    /** Asynchronous: waits until every chunk pushed or pulled has come back, and has the parameters in place. */
    public void awaitReplies() throws InterruptedException, ExchangeEndedException {
        waits.begin("answers");
        while (waits.missing(number -> answersDue[number] > 0)) {
            switch (waits.next(inbox)) {
                case StreamEvent.Received received -> {
                    streams.get(received.shard()).requestNext();
                    takeReply(received);
                }
                case StreamEvent.Writable(var shard) -> streams.get(shard).flush();
                case StreamEvent.Closed(var shard, var status) -> throw lost(shard, status);
            }
        }
    }

    /** The newest version any chunk stands at. Asynchronous: updates applied so far, as far as this worker knows. */
    public long newestVersion() {
        long newest = 0;
        for (long version : versions) {
            newest = Math.max(newest, version);
        }
        return newest;
    }

    private void takeVersionOrVote(StreamEvent.Received received, long awaited) throws ExchangeEndedException {
        if (votes.isPresent() && received.frame().header().hasVote()) {
            takeVote(votes.get(), received);
        } else {
            takeVersion(received, awaited);
        }
    }

    private void takeVersion(StreamEvent.Received received, long awaited) throws ExchangeEndedException {
        ChunkTable.Chunk chunk = check.chunk(received);
        if (received.frame().header().getStep() > awaited) {
            ahead.add(received);
        } else {
            store(received, chunk);
        }
    }

    private void takeReply(StreamEvent.Received received) throws ExchangeEndedException {
        ChunkTable.Chunk chunk = check.chunk(received);
        answersDue[chunk.number()] = Math.max(0, answersDue[chunk.number()] - 1);
        store(received, chunk);
    }

    private void store(StreamEvent.Received received, ChunkTable.Chunk chunk) {
        try (ExchangeFrame frame = received.frame()) {
            if (frame.header().getStep() > versions[chunk.number()]) {
                frame.payload().copyTo(buffers.parameters().asSlice(chunk.byteOffset(), chunk.byteSize()));
                versions[chunk.number()] = frame.header().getStep();
                if (isFirst(chunk)) {
                    takeJobState(frame.header().getChunk());
                }
            }
        }
    }

    private void takeJobState(Chunk first) {
        epochTraining = Sums.newBuilder()
                .setLossSum(first.getEpochLossSum())
                .setCorrect(-1)
                .setLabels(first.getEpochSamples())
                .build();
        lossScale = first.getLossScale() == 0 ? 1 : first.getLossScale();
        skippedSteps = first.getSkippedSteps();
    }

    /** Synchronous: what all workers together have trained on in the epoch of the parameters in place, up to them. */
    public Sums epochTraining() {
        return epochTraining;
    }

    /** Synchronous in f16: what the losses of the step after the parameters in place are to be multiplied with; otherwise 1. */
    public double lossScale() {
        return lossScale;
    }

    /** Synchronous in f16: how many steps up to the parameters in place were skipped. */
    public long skippedSteps() {
        return skippedSteps;
    }

    // ---- votes in, decisions out

    /** Every worker comes to the same decision and tells it to every shard: whoever is lost, it gets there. */
    private void takeVote(Votes step, StreamEvent.Received received) throws ExchangeEndedException {
        try (ExchangeFrame frame = received.frame()) {
            FrameHeader vote = frame.header();
            check.sameGeneration(vote, received.shard());
            Optional<Decision> decision = step.put(vote.getStep(), received.shard(), vote.getVote());
            if (decision.isPresent()) {
                for (ShardStream stream : streams) {
                    stream.send(header(stream.range().getShard(), vote.getStep())
                            .setDecision(decision.get())
                            .build());
                }
            }
        }
    }

    // ---- frames and ends

    private FrameHeader pushOf(ChunkTable.Chunk chunk, long step, SumPlan.Turn turn) {
        Push.Builder push = Push.newBuilder()
                .setChunk(chunk.chunk())
                .setEncoding(Encoding.ENCODING_F32)
                .setSliceBegin(turn.begin())
                .setSliceEnd(turn.end());
        if (isFirst(chunk)) {
            sliceLosses.addTo(push);
        }
        return header(chunk.shard(), step).setPush(push).build();
    }

    private FrameHeader pushOf(ChunkTable.Chunk chunk, PushKey.Batch batch) {
        return header(chunk.shard(), 0)
                .setPush(Push.newBuilder()
                        .setChunk(chunk.chunk())
                        .setEncoding(Encoding.ENCODING_F32)
                        .setEpoch(batch.epoch())
                        .setBatch(batch.batch())
                        .setAttempt(batch.attempt()))
                .build();
    }

    private FrameHeader.Builder header(int shard, long step) {
        return FrameHeader.newBuilder()
                .setJob(target.job())
                .setShard(shard)
                .setGeneration(target.generation())
                .setStep(step);
    }

    private ExchangeEndedException lost(int shard, Status status) {
        String reason = status.getDescription() == null ? status.getCode().toString() : status.getDescription();
        return switch (status.getCode()) {
            case INVALID_ARGUMENT, FAILED_PRECONDITION, OUT_OF_RANGE, UNIMPLEMENTED, RESOURCE_EXHAUSTED ->
                FrameCheck.refused(shard, reason);
            default ->
                new ExchangeEndedException(new ExchangeEnd.ConnectionLost(
                        shard, streams.get(shard).range().getEndpoint(), reason));
        };
    }

    /** Ends all streams and frees the buffers. */
    @Override
    public void close() {
        streams.forEach(ShardStream::close);
        inbox.close();
        ahead.forEach(received -> received.frame().close());
        ahead.clear();
        sums.clear();
        arena.close();
    }
}
