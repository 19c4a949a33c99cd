package dev.tutti.parameterserver.shard;

import dev.tutti.parameterserver.memory.ChunkMemory;
import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import dev.tutti.parameterserver.metrics.Refusal;
import dev.tutti.parameterserver.policy.AsynchronousUpdates;
import dev.tutti.parameterserver.policy.Consistency;
import dev.tutti.parameterserver.policy.SynchronousUpdates;
import dev.tutti.parameterserver.policy.Verdict;
import dev.tutti.proto.v1.Clock;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.Payload;
import dev.tutti.proto.wire.encoding.ChunkDecoders;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * One range of one job's parameters. Workers push gradients of its chunks; it applies them under the job's {@link Consistency} and
 * sends each chunk back when it has changed.
 *
 * <p>A generation fences it: frames of any other are answered and dropped. Within a generation every chunk of a synchronous job is at
 * version s or s + 1, where s is the last step complete on all shards; a new generation begins at s, so a chunk that is ahead is first
 * sent as it was at s, and again at s + 1 once the worker has pushed what it already has.
 *
 * <p>A synchronous job in f16 or with a bound on the gradients' norm takes a step on all shards or on none: when all chunks are summed the shard
 * votes, and takes the step once a worker has told it what the votes of all shards come to.
 *
 * <p>A worker with a clock that is too far ahead of the slowest is sent nothing until that one has caught up, rests or is gone.
 *
 * <p>It owns its memory. One thread at a time calls it; it starts none, waits for nothing and knows no transport.
 */
public final class Shard implements AutoCloseable {
    private final ShardSettings settings;
    private final ParameterServerMetrics metrics;
    private final DueCheckpoints checkpoints;
    private final ChunkMemory memory;
    private final Consistency consistency;
    private final ShardFrames frames;
    private final ChunkDecoders decoders = new ChunkDecoders();
    private final Map<WorkerStream, Subscription> subscriptions = new HashMap<>();
    private final EarlyPushes early = new EarlyPushes();
    private long generation;

    /** Allocates the range and draws its first parameters. */
    public Shard(ShardSettings settings, ParameterServerMetrics metrics, Checkpoints checkpoints) {
        this.settings = settings;
        this.metrics = metrics;
        this.consistency = JobConsistency.of(settings, metrics);
        this.frames = new ShardFrames(settings, consistency);
        this.memory = consistency.memory();
        this.checkpoints = new DueCheckpoints(settings, consistency, checkpoints);
        try {
            FirstParameters.draw(settings, memory);
        } catch (Throwable e) {
            memory.close();
            throw e;
        }
    }

    public ShardSettings settings() {
        return settings;
    }

    public long generation() {
        return generation;
    }

    /** The lowest version over all chunks. */
    public long completeStep() {
        return memory.completeVersion();
    }

    /** From here on only frames of this generation count, and what is not applied yet is forgotten. Older ones change nothing. */
    public void fence(long newest) {
        if (newest > generation) {
            generation = newest;
            consistency.startGeneration();
            early.forgetAll();
            subscriptions.values().forEach(Subscription::oweNothing);
        }
    }

    /** A worker's first frame. */
    public void open(WorkerStream stream, FrameHeader header) {
        Subscription subscription =
                new Subscription(stream, header.getGeneration(), consistency.join(), memory.chunkCount());
        subscriptions.put(stream, subscription);
        if (header.getGeneration() != generation) {
            fenceOff(subscription, header);
            return;
        }
        switch (consistency) {
            case SynchronousUpdates updates ->
                startAt(subscription, updates, header.getOpen().getStartStep());
            case AsynchronousUpdates _ -> {
                // The worker pulls when it wants the parameters.
            }
        }
    }

    /**
     * Any later frame. Closes it, unless it has to be kept for a while.
     *
     * @return whether another may come; otherwise {@link WorkerStream#takeNext} follows
     */
    public boolean receive(WorkerStream stream, ExchangeFrame frame) {
        metrics.received(frame.payload().byteSize());
        Subscription subscription = subscriptions.get(stream);
        boolean done = true;
        try {
            done = subscription == null || take(subscription, frame);
        } finally {
            if (done) {
                frame.close();
            }
        }
        if (subscription != null && !done) {
            early.keep(subscription, frame);
        } else if (frame.header().hasPush()) {
            early.offerAgain(frame.header().getPush().getChunk(), this::take);
        }
        sendToReleased();
        return done;
    }

    /** Returns whether the frame is done with. */
    private boolean take(Subscription subscription, ExchangeFrame frame) {
        FrameHeader header = frame.header();
        if (header.getGeneration() != generation || subscription.generation() != generation) {
            fenceOff(subscription, header);
            return true;
        }
        switch (header.getKindCase()) {
            case PUSH -> {
                return push(subscription, header, frame.payload());
            }
            case DECISION -> decide(subscription, header);
            case PULL -> {
                subscription.oweAllExactly();
                send(subscription);
            }
            case CLOCK -> clock(subscription, header.getClock());
            case OPEN, ATTACHED, CHUNK, FENCED, REFUSED, VOTE, KIND_NOT_SET ->
                refuse(
                        subscription,
                        Refusal.CONTRACT,
                        "A worker's frame is a Push, a Pull, a Clock or a Decision after its first, got "
                                + header.getKindCase());
        }
        return true;
    }

    /** The stream takes frames again. */
    public void ready(WorkerStream stream) {
        Subscription subscription = subscriptions.get(stream);
        if (subscription != null) {
            send(subscription);
        }
    }

    /** The stream has ended. */
    public void left(WorkerStream stream) {
        Subscription gone = subscriptions.remove(stream);
        if (gone != null) {
            early.forget(gone);
            consistency.left(gone.peer());
            sendToReleased();
        }
    }

    /**
     * Writes a checkpoint under the name of a step: now if the step is complete, and when it is otherwise. An asynchronous job's is
     * written now in any case; the coordinator asks for it while nobody pushes. It is given up if a chunk has left the step behind.
     */
    public void checkpoint(long step) {
        checkpoints.want(generation, step);
    }

    /** Ends all streams and frees the memory. */
    @Override
    public void close() {
        close("Shard " + settings.shard() + " of job " + settings.job() + " has been released");
    }

    /** @param reason what the workers are told */
    public void close(String reason) {
        early.forgetAll();
        subscriptions.keySet().forEach(stream -> stream.end(reason));
        subscriptions.clear();
        memory.close();
    }

    private void startAt(Subscription subscription, SynchronousUpdates updates, long startStep) {
        for (int chunk = 0; chunk < memory.chunkCount(); chunk++) {
            long version = memory.version(chunk);
            if (version < startStep || (version > startStep + 1 && !updates.mayLeaveWorkersBehind())) {
                refuse(
                        subscription,
                        Refusal.CONTRACT,
                        "Chunk " + chunk + " of shard " + settings.shard() + " is at version " + version
                                + ", generation " + generation + " cannot start at " + startStep);
                return;
            }
        }
        subscription.startAt(startStep, memory);
        updates.voteOn(startStep + 1)
                .ifPresent(vote -> subscription.oweVote(frames.vote(generation, startStep + 1, vote)));
        send(subscription);
    }

    private boolean push(Subscription subscription, FrameHeader header, Payload gradient) {
        int chunk = header.getPush().getChunk();
        if (chunk < 0 || chunk >= memory.chunkCount()) {
            return refuse(
                    subscription,
                    Refusal.RANGE,
                    "Shard " + settings.shard() + " has chunks 0 to " + (memory.chunkCount() - 1)
                            + ", got a gradient of chunk " + Integer.toUnsignedString(chunk));
        }
        int elements = memory.grid().elementCount(chunk);
        long mostBytes = ChunkDecoders.maxByteSize(elements);
        if (gradient.byteSize() > mostBytes) {
            return refuse(
                    subscription,
                    Refusal.OVERSIZED,
                    "Gradient of chunk " + chunk + ": expected " + mostBytes + " bytes at most, got "
                            + gradient.byteSize());
        }
        return switch (decoders.decode(
                header.getPush().getEncoding(),
                gradient,
                elements,
                memory.grid().rowWidth(chunk))) {
            case ChunkDecoders.Decoded.Values(var values) ->
                judge(subscription, header, consistency.offer(subscription.peer(), header, values));
            case ChunkDecoders.Decoded.Problem(var reason) ->
                refuse(subscription, Refusal.PAYLOAD, "Gradient of chunk " + chunk + ": " + reason);
        };
    }

    private void decide(Subscription subscription, FrameHeader header) {
        judge(
                subscription,
                header,
                switch (consistency) {
                    case SynchronousUpdates updates -> updates.decide(header.getStep(), header.getDecision());
                    case AsynchronousUpdates _ ->
                        new Verdict.Refused("A decision for an asynchronous job, which has no steps");
                });
    }

    private void clock(Subscription subscription, Clock clock) {
        if (consistency instanceof AsynchronousUpdates updates && updates.isBounded()) {
            updates.take(subscription.peer(), clock);
            if (clock.getActive()) {
                subscription.oweClock();
                send(subscription);
            }
        } else {
            refuse(subscription, Refusal.CONTRACT, "A clock in a job whose workers have none");
        }
    }

    /** Returns whether the frame is done with. */
    private boolean judge(Subscription subscription, FrameHeader header, Verdict verdict) {
        switch (verdict) {
            case Verdict.TooEarly() -> {
                return false;
            }
            case Verdict.Kept() -> {
                // The chunk goes out when its last slice is in.
            }
            case Verdict.Applied() -> {
                int chunk = header.getPush().getChunk();
                metrics.applied();
                announce(subscription, chunk);
                if (memory.version(chunk) == completeStep()) {
                    checkpoints.stepCompleted(generation);
                }
            }
            case Verdict.Voted(var step, var vote) ->
                forEachOfGeneration(voter -> voter.oweVote(frames.vote(generation, step, vote)));
            case Verdict.Decided(var skipped) -> {
                metrics.decided(skipped, memory.chunkCount());
                forEachOfGeneration(Subscription::oweAll);
                checkpoints.stepCompleted(generation);
            }
            case Verdict.Late() -> {
                metrics.late();
                answerDuplicate(subscription, header.getPush().getChunk());
            }
            case Verdict.Duplicate() -> {
                // Every worker sends the decision; only what is pushed twice has been lost and computed again.
                if (header.hasPush()) {
                    metrics.duplicate();
                    answerDuplicate(subscription, header.getPush().getChunk());
                }
            }
            case Verdict.Refused(String reason) -> refuse(subscription, Refusal.CONTRACT, reason);
        }
        return true;
    }

    private void announce(Subscription pusher, int chunk) {
        switch (consistency) {
            case SynchronousUpdates _ -> forEachOfGeneration(subscription -> subscription.owe(chunk));
            case AsynchronousUpdates _ -> owe(pusher, chunk);
        }
    }

    private void forEachOfGeneration(Consumer<Subscription> change) {
        for (Subscription subscription : subscriptions.values()) {
            if (subscription.generation() == generation) {
                change.accept(subscription);
                send(subscription);
            }
        }
    }

    private void answerDuplicate(Subscription pusher, int chunk) {
        switch (consistency) {
            case SynchronousUpdates _ -> {
                if (!pusher.hasSent(chunk, memory.version(chunk))) {
                    owe(pusher, chunk);
                }
            }
            case AsynchronousUpdates _ -> owe(pusher, chunk);
        }
    }

    private void owe(Subscription subscription, int chunk) {
        subscription.owe(chunk);
        send(subscription);
    }

    private void send(Subscription subscription) {
        boolean holds = subscription.generation() == generation && consistency.holdsBack(subscription.peer());
        if (subscription.holdBack(holds)) {
            metrics.heldBack();
        }
        if (!holds) {
            metrics.sent(subscription.send(
                    frames.address(generation).build(),
                    frames::version,
                    chunk -> consistency.sent(subscription.peer(), chunk)));
        }
    }

    /** Whoever was held back, and is not any more because of what has happened since. */
    private void sendToReleased() {
        for (Subscription subscription : subscriptions.values()) {
            if (subscription.isHeldBack()) {
                send(subscription);
            }
        }
    }

    private void fenceOff(Subscription subscription, FrameHeader header) {
        metrics.refused(Refusal.GENERATION);
        subscription.oweFence(header, generation);
        send(subscription);
    }

    /** Done with the frame, and its stream. */
    private boolean refuse(Subscription subscription, Refusal why, String reason) {
        metrics.refused(why);
        WorkerStream stream = subscription.stream();
        left(stream);
        stream.refuse(reason);
        return true;
    }
}
