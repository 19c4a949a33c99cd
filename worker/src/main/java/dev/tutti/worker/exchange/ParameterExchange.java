package dev.tutti.worker.exchange;

import dev.tutti.node.sharedmemory.ExchangeMemory;
import dev.tutti.proto.v1.Decision;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.encoding.ChunkValues;
import dev.tutti.proto.wire.encoding.JobEncodings;
import dev.tutti.tensor.backend.GradientSink;
import dev.tutti.tensor.backend.ParameterBuffers;
import dev.tutti.worker.metrics.WorkerMetrics;
import io.grpc.Status;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;

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
    private final ParameterBuffers buffers;
    private final ChunkTable table;
    private final Arena arena = Arena.ofConfined();
    private final ChunkBuffers chunkBuffers;
    private final GradientPushes pushes;
    private final ShardRoutes routes;
    private final Inbox inbox;
    private final Waits waits;
    private final FrameCheck check;
    private final Optional<Votes> votes;
    private final List<ShardStream> streams = new ArrayList<>();
    private final Queue<StreamEvent.Received> ahead = new ArrayDeque<>();

    private final ChunkStates chunks;
    private final WorkerFrames frames;
    private final WorkerClock clock;

    private JobState jobState = JobState.NONE;

    private ParameterExchange(ExchangeTarget target, ParameterBuffers buffers, WorkerMetrics metrics) {
        this.buffers = buffers;
        this.table = new ChunkTable(target.shardMap());
        long elements = table.chunk(table.size() - 1).end();
        GradientEncoder encoder =
                new GradientEncoder(JobEncodings.gradients(target.encodings()), elements * Float.BYTES, arena);
        this.chunkBuffers = new ChunkBuffers(
                arena, Math.max(table.maxChunkByteSize(), encoder.maxByteSize(table.maxChunkByteSize())));
        this.routes = ShardRoutes.of(target, table, chunkBuffers.byteSize());
        this.inbox = new Inbox(routes.bell(), streams);
        this.waits = new Waits(target, table, metrics);
        this.check = new FrameCheck(target, table);
        this.votes = target.stepRule().map(rule -> new Votes(target.job(), rule, table.shardCount(), metrics));
        this.frames = new WorkerFrames(target, encoder.id());
        this.clock = new WorkerClock(table.shardCount());
        this.chunks = new ChunkStates(table.size());
        this.pushes = new GradientPushes(
                target, table, buffers.gradients(), encoder, chunkBuffers, frames, chunks, clock, streams);
    }

    /**
     * Opens a stream to every shard and says who is there. Returns at once; whether it worked shows in the first wait.
     *
     * @param buffers stay the caller's; they must outlive the exchange
     */
    public static ParameterExchange open(ExchangeTarget target, ParameterBuffers buffers, WorkerMetrics metrics) {
        ParameterExchange exchange = new ParameterExchange(target, buffers, metrics);
        try {
            exchange.routes.all().forEach(exchange::open);
            return exchange;
        } catch (Throwable e) {
            exchange.close();
            throw e;
        }
    }

    private void open(ShardRoutes.Route route) {
        int shard = route.range().getShard();
        Optional<ShardStream.Lane> lane =
                route.part().map(part -> new ShardStream.Lane(part.link(), frames.attached(shard), routes::attached));
        ShardStream stream = new ShardStream(route, table.maxChunkByteSize(), chunkBuffers, inbox, lane);
        streams.add(stream);
        stream.send(frames.open(shard, route.part().map(ExchangeMemory.Part::description)));
    }

    // ---- gradients out

    /** What becomes ready next is the gradient of this slice. */
    public void beginSlice(SliceRun run) {
        pushes.beginSlice(run);
    }

    /** What becomes ready next is the gradient of this batch of a lease. */
    public void beginBatch(int epoch, int batch, int attempt) {
        pushes.beginBatch(epoch, batch, attempt);
    }

    /** Called by the program, on this thread: pushes every chunk that has become final. */
    @Override
    public void gradientReady(int parameter) {
        pushes.gradientReady(parameter);
    }

    /** A slice without rows: its gradient is zero, and is pushed like any other. */
    public void pushZeros(SliceRun empty) {
        buffers.gradients().fill((byte) 0);
        push(empty, Fragment.WHOLE);
    }

    /** Pushes a part of what the gradient buffer holds. */
    public void push(SliceRun run, Fragment fragment) {
        pushes.push(run, fragment);
    }

    // ---- parameters in

    /** Of leases: asks every shard for its current parameters; {@link #awaitReplies} waits for them. */
    public void pull() {
        for (ShardStream stream : streams) {
            stream.send(frames.pull(stream.range().getShard()));
        }
        for (int number = 0; number < table.size(); number++) {
            chunks.answerDue(number);
        }
    }

    /** Synchronous and local: waits until every chunk of every shard stands at the version, and has the parameters in place. */
    public void awaitVersion(long version) throws InterruptedException, ExchangeEndedException {
        awaitVersion(version, Fragment.WHOLE);
    }

    /** Local: the same of a part of the chunks. */
    public void awaitVersion(long version, Fragment fragment) throws InterruptedException, ExchangeEndedException {
        await(version, version, fragment);
    }

    /** Copies a part of the flat space. */
    public void copy(Fragment fragment, MemorySegment from, MemorySegment to) {
        table.of(fragment)
                .forEach(chunk ->
                        MemorySegment.copy(from, chunk.byteOffset(), to, chunk.byteOffset(), chunk.byteSize()));
    }

    /**
     * With backup workers: waits until every chunk stands at one version, the newest there is, at least the one given; and has the parameters in
     * place. Whoever has brought a chunk to a version brings all to it, so nobody is waited for who waits for this worker.
     *
     * @return the version
     */
    public long awaitNewest(long least) throws InterruptedException, ExchangeEndedException {
        await(least, Long.MAX_VALUE, Fragment.WHOLE);
        takeWhatIsThere();
        long newest = newestVersion();
        while (chunks.lowestVersion() < newest) {
            await(newest, Long.MAX_VALUE, Fragment.WHOLE);
            newest = newestVersion();
        }
        return newest;
    }

    /** @param newest versions beyond it are kept aside */
    private void await(long version, long newest, Fragment fragment)
            throws InterruptedException, ExchangeEndedException {
        waits.begin("version " + version);
        for (int kept = ahead.size(); kept > 0; kept--) {
            takeVersion(ahead.remove(), newest);
        }
        while (waits.missing(number -> fragment.has(table.chunk(number)) && chunks.version(number) < version)) {
            takeVersionOrVote(waits.next(inbox), newest);
        }
    }

    private void takeWhatIsThere() throws InterruptedException, ExchangeEndedException {
        for (StreamEvent event = inbox.poll(0); event != null; event = inbox.poll(0)) {
            takeVersionOrVote(event, Long.MAX_VALUE);
        }
    }

    /** Of leases: waits until every chunk pushed or pulled has come back, and has the parameters in place. */
    public void awaitReplies() throws InterruptedException, ExchangeEndedException {
        waits.begin("answers");
        while (waits.missing(chunks::isAnswerDue)) {
            takeReply(received(waits.next(inbox)));
        }
    }

    /** Bounded staleness: this worker has a lease. Waits until it is not too far ahead of the slowest for any shard. */
    public void enter() throws InterruptedException, ExchangeEndedException {
        clock.forgetShards();
        while (!clock.isAgreed()) {
            clock.ask().stream().forEach(shard -> streams.get(shard).send(frames.clock(shard, clock.batches(), true)));
            waits.begin("slower workers");
            while (waits.missing(number -> clock.waitsFor(table.chunk(number).shard()))) {
                takeReply(received(waits.next(inbox)));
            }
        }
    }

    /** Bounded staleness: this worker has no lease; nobody waits for it. */
    public void rest() {
        for (ShardStream stream : streams) {
            stream.send(frames.clock(stream.range().getShard(), clock.batches(), false));
        }
    }

    /** The frame that has come, if one has. */
    private Optional<StreamEvent.Received> received(StreamEvent event) throws ExchangeEndedException {
        return switch (event) {
            case StreamEvent.Received received -> {
                streams.get(received.shard()).requestNext();
                yield Optional.of(received);
            }
            case StreamEvent.Writable(var shard) -> {
                streams.get(shard).flush();
                yield Optional.empty();
            }
            case StreamEvent.Closed(var shard, var status) -> throw lost(shard, status);
        };
    }

    /** Exposed communication: nanoseconds since the last call in which the training thread had nothing to do but to wait for shards. */
    public long takeWaitedNanos() {
        return waits.takeNanos();
    }

    /** The newest version any chunk stands at. Asynchronous: updates applied so far, as far as this worker knows. */
    public long newestVersion() {
        return chunks.newestVersion();
    }

    private void takeVersionOrVote(StreamEvent event, long newest) throws ExchangeEndedException {
        Optional<StreamEvent.Received> next = received(event);
        if (next.isEmpty()) {
            return;
        }
        StreamEvent.Received received = next.get();
        if (votes.isPresent() && received.frame().header().hasVote()) {
            takeVote(votes.get(), received);
        } else {
            takeVersion(received, newest);
        }
    }

    private void takeVersion(StreamEvent.Received received, long newest) throws ExchangeEndedException {
        ChunkTable.Chunk chunk = check.chunk(received);
        if (received.frame().header().getStep() > newest) {
            ahead.add(received);
        } else {
            store(received, chunk);
        }
    }

    private void takeReply(Optional<StreamEvent.Received> next) throws ExchangeEndedException {
        if (next.isEmpty()) {
            return;
        }
        StreamEvent.Received received = next.get();
        if (clock.waitsFor(received.shard()) && received.frame().header().hasClock()) {
            clock.hear(received.shard(), check.clock(received));
        } else {
            ChunkTable.Chunk chunk = check.chunk(received);
            chunks.answered(chunk.number());
            store(received, chunk);
        }
    }

    private void store(StreamEvent.Received received, ChunkTable.Chunk chunk) throws ExchangeEndedException {
        try (ExchangeFrame frame = received.frame()) {
            ChunkValues parameters = check.values(frame, chunk);
            if (frame.header().getStep() > chunks.version(chunk.number())) {
                check.goesOn(frame.header(), chunk, parameters, chunks.version(chunk.number()));
                parameters.overwrite(buffers.parameters().asSlice(chunk.byteOffset(), chunk.byteSize()));
                chunks.reach(chunk.number(), frame.header().getStep());
                if (chunk.isFirst()) {
                    jobState = JobState.of(frame.header().getChunk());
                }
            }
        }
    }

    /** What belongs to the parameters in place. */
    public JobState jobState() {
        return jobState;
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
                    stream.send(frames.decision(stream.range().getShard(), vote.getStep(), decision.get()));
                }
            }
        }
    }

    // ---- ends

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
        pushes.clear();
        routes.close();
        arena.close();
    }
}
