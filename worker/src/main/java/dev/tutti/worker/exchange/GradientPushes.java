package dev.tutti.worker.exchange;

import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.wire.SliceTree;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * Gradients on their way out: each chunk leaves as soon as every tensor in it is final, encoded, after the sum of slices it belongs to is complete. Training thread only.
 */
final class GradientPushes {
    private final ChunkTable table;
    private final MemorySegment gradients;
    private final GradientEncoder encoder;
    private final ChunkBuffers chunkBuffers;
    private final WorkerFrames frames;
    private final ChunkStates chunks;
    private final WorkerClock clock;
    private final List<ShardStream> streams;
    private final SumPlan plan;
    private final PartialSums sums;
    private final SliceLosses sliceLosses;
    private final int[] tensorsInChunks;
    /** Of each chunk, tensors whose gradient is not final yet. */
    private final int[] tensorsOpen;

    private Key key = new Key.Slice(SliceRun.empty(0, 0, 0));

    /** What the gradients of the program that runs now are pushed as. */
    private sealed interface Key {
        record Slice(SliceRun run) implements Key {}

        record Lease(WorkerFrames.Batch batch) implements Key {}
    }

    /** @param streams by shard; may be empty until the first push */
    GradientPushes(
            ExchangeTarget target,
            ChunkTable table,
            MemorySegment gradients,
            GradientEncoder encoder,
            ChunkBuffers chunkBuffers,
            WorkerFrames frames,
            ChunkStates chunks,
            WorkerClock clock,
            List<ShardStream> streams) {
        this.table = table;
        this.gradients = gradients;
        this.encoder = encoder;
        this.chunkBuffers = chunkBuffers;
        this.frames = frames;
        this.chunks = chunks;
        this.clock = clock;
        this.streams = streams;
        this.plan = new SumPlan(new SliceTree(target.slices()), target.sliceBegin(), target.sliceEnd());
        this.sums = new PartialSums(chunkBuffers, table.size());
        this.sliceLosses = new SliceLosses(target.slices());
        this.tensorsInChunks = table.tensorsInChunks();
        this.tensorsOpen = new int[table.size()];
    }

    /** What becomes ready next is the gradient of this slice. */
    void beginSlice(SliceRun run) {
        sliceLosses.begin(run);
        begin(new Key.Slice(run));
    }

    /** What becomes ready next is the gradient of this batch of a lease. */
    void beginBatch(int epoch, int batch, int attempt) {
        begin(new Key.Lease(new WorkerFrames.Batch(epoch, batch, attempt, clock.batches() + 1)));
    }

    private void begin(Key next) {
        key = next;
        System.arraycopy(tensorsInChunks, 0, tensorsOpen, 0, tensorsOpen.length);
    }

    /** A tensor's gradient is final. */
    void gradientReady(int parameter) {
        for (int number : table.chunksOf(parameter)) {
            tensorsOpen[number]--;
            if (tensorsOpen[number] == 0) {
                gradientFinal(table.chunk(number));
            }
        }
    }

    /** Pushes a part of what the gradient buffer holds. */
    void push(SliceRun run, Fragment fragment) {
        beginSlice(run);
        table.of(fragment).forEach(this::gradientFinal);
    }

    /** Gives the buffers of sums back that are not complete. */
    void clear() {
        sums.clear();
    }

    private void gradientFinal(ChunkTable.Chunk chunk) {
        MemorySegment gradient = gradients.asSlice(chunk.byteOffset(), chunk.byteSize());
        switch (key) {
            case Key.Slice(var run) -> {
                if (chunk.isFirst()) {
                    sliceLosses.put(run);
                }
                addToTree(chunk, gradient, run.step(), plan.turn(run.slice()));
            }
            case Key.Lease(var batch) -> {
                clock.reach(batch.clock());
                chunks.answerDue(chunk.number());
                send(chunk, frames.push(chunk, batch, chunks.version(chunk.number())), gradient);
            }
        }
    }

    private void addToTree(ChunkTable.Chunk chunk, MemorySegment gradient, long step, SumPlan.Turn turn) {
        if (!turn.complete()) {
            sums.hold(chunk.number(), gradient, turn.merges());
        } else if (turn.merges() == 0) {
            send(chunk, frames.push(chunk, step, turn, sliceLosses), gradient);
        } else {
            MemorySegment sum = sums.merge(chunk.number(), gradient, turn.merges());
            FrameHeader push = frames.push(chunk, step, turn, sliceLosses);
            if (encoder.isPlain() && !chunk.hasRows()) {
                streams.get(chunk.shard()).sendBuffer(push, sum, chunk.byteSize());
            } else {
                send(chunk, push, sum.asSlice(0, chunk.byteSize()));
                chunkBuffers.give(sum);
            }
        }
    }

    /** The gradient's memory stays the caller's. */
    private void send(ChunkTable.Chunk chunk, FrameHeader push, MemorySegment gradient) {
        Optional<GradientEncoder.FewRows> rows = encoder.fewRows(chunk, gradient);
        if (rows.isPresent()) {
            sendRows(chunk, push, rows.get(), gradient);
        } else if (encoder.isPlain()) {
            streams.get(chunk.shard()).sendView(push, gradient);
        } else {
            MemorySegment encoded = chunkBuffers.take();
            streams.get(chunk.shard()).sendBuffer(push, encoded, encoder.encode(chunk, gradient, encoded));
        }
    }

    private void sendRows(
            ChunkTable.Chunk chunk, FrameHeader push, GradientEncoder.FewRows rows, MemorySegment gradient) {
        FrameHeader.Builder header = push.toBuilder();
        header.getPushBuilder().setEncoding(rows.encoding().id());
        MemorySegment encoded = chunkBuffers.take();
        streams.get(chunk.shard()).sendBuffer(header.build(), encoded, rows.encode(gradient, encoded));
    }
}
