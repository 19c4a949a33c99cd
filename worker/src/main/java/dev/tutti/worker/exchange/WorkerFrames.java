package dev.tutti.worker.exchange;

import dev.tutti.proto.job.ConsistencyModel;
import dev.tutti.proto.v1.Attached;
import dev.tutti.proto.v1.Clock;
import dev.tutti.proto.v1.Contribution;
import dev.tutti.proto.v1.Decision;
import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.v1.Open;
import dev.tutti.proto.v1.Pull;
import dev.tutti.proto.v1.Push;
import dev.tutti.proto.v1.SharedMemory;
import java.util.Optional;

/** What a worker says to shards. Training thread only. */
final class WorkerFrames {
    private final ExchangeTarget target;
    private final Encoding encoding;

    /** @param encoding of gradients */
    WorkerFrames(ExchangeTarget target, Encoding encoding) {
        this.target = target;
        this.encoding = encoding;
    }

    /** Part of a lease: what makes its pushes unique, and the batches this worker has done with it. */
    record Batch(int epoch, int batch, int attempt, long clock) {}

    /** @param offered memory to be shared with that shard */
    FrameHeader open(int shard, Optional<SharedMemory> offered) {
        Open.Builder open = Open.newBuilder().setWorker(target.worker()).setStartStep(target.startStep());
        offered.ifPresent(open::setSharedMemory);
        return header(shard, target.startStep()).setOpen(open).build();
    }

    FrameHeader attached(int shard) {
        return header(shard, 0).setAttached(Attached.getDefaultInstance()).build();
    }

    FrameHeader pull(int shard) {
        return header(shard, 0).setPull(Pull.getDefaultInstance()).build();
    }

    FrameHeader clock(int shard, long clock, boolean active) {
        return header(shard, 0)
                .setClock(Clock.newBuilder().setClock(clock).setActive(active))
                .build();
    }

    FrameHeader decision(int shard, long step, Decision decision) {
        return header(shard, step).setDecision(decision).build();
    }

    /** @param losses of the step's slices */
    FrameHeader push(ChunkTable.Chunk chunk, long step, SumPlan.Turn turn, SliceLosses losses) {
        Push.Builder push = Push.newBuilder()
                .setChunk(chunk.chunk())
                .setEncoding(encoding)
                .setSliceBegin(turn.begin())
                .setSliceEnd(turn.end());
        if (chunk.isFirst()) {
            losses.addTo(push);
        }
        if (target.model() instanceof ConsistencyModel.Synchronous synchronous && synchronous.hasBackupWorkers()) {
            push.setContribution(Contribution.newBuilder()
                    .setSliceBegin(target.sliceBegin())
                    .setSliceEnd(target.sliceEnd())
                    .setWorkers(target.workers())
                    .setRows(losses.rows(turn.begin(), turn.end()))
                    .setStepRows(losses.stepRows()));
        }
        return header(chunk.shard(), step).setPush(push).build();
    }

    /** @param basedOn the version of the chunk that the gradient is of */
    FrameHeader push(ChunkTable.Chunk chunk, Batch batch, long basedOn) {
        return header(chunk.shard(), 0)
                .setPush(Push.newBuilder()
                        .setChunk(chunk.chunk())
                        .setEncoding(encoding)
                        .setEpoch(batch.epoch)
                        .setBatch(batch.batch)
                        .setAttempt(batch.attempt)
                        .setBasedOn(basedOn)
                        .setClock(batch.clock))
                .build();
    }

    private FrameHeader.Builder header(int shard, long step) {
        return FrameHeader.newBuilder()
                .setJob(target.job())
                .setShard(shard)
                .setGeneration(target.generation())
                .setStep(step);
    }
}
