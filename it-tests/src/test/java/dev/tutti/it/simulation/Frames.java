package dev.tutti.it.simulation;

import dev.tutti.it.simulation.Placement.Chunk;
import dev.tutti.proto.v1.Clock;
import dev.tutti.proto.v1.Contribution;
import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.v1.Open;
import dev.tutti.proto.v1.Pull;
import dev.tutti.proto.v1.Push;

/** What a worker says to shards. */
final class Frames {
    static final String JOB = "job";
    static final long GENERATION = 1;

    private Frames() {}

    static FrameHeader open(int shard, int worker) {
        return header(shard, 0)
                .setOpen(Open.newBuilder().setWorker("worker-" + worker))
                .build();
    }

    static FrameHeader pull(int shard) {
        return header(shard, 0).setPull(Pull.getDefaultInstance()).build();
    }

    /** The worker has a lease, and has done nothing yet. */
    static FrameHeader enter(int shard) {
        return header(shard, 0).setClock(Clock.newBuilder().setActive(true)).build();
    }

    /** @param contribution with backup workers; else the default one */
    static FrameHeader push(Chunk chunk, long step, SliceRange slices, Contribution contribution) {
        Push.Builder push = push(chunk).setSliceBegin(slices.begin()).setSliceEnd(slices.end());
        if (contribution.getWorkers() > 0) {
            push.setContribution(contribution.toBuilder().setRows(slices.count()));
        }
        return header(chunk.shard(), step).setPush(push).build();
    }

    /** @param clock batches this worker has done with this one */
    static FrameHeader push(Chunk chunk, int batch, long basedOn, long clock) {
        return header(chunk.shard(), 0)
                .setPush(push(chunk).setBatch(batch).setBasedOn(basedOn).setClock(clock))
                .build();
    }

    private static Push.Builder push(Chunk chunk) {
        return Push.newBuilder().setChunk(chunk.chunk()).setEncoding(Encoding.ENCODING_F32);
    }

    private static FrameHeader.Builder header(int shard, long step) {
        return FrameHeader.newBuilder()
                .setJob(JOB)
                .setShard(shard)
                .setGeneration(GENERATION)
                .setStep(step);
    }
}
