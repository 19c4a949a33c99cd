package dev.tutti.coordinator.checkpoint;

import dev.tutti.coordinator.job.Effect;
import dev.tutti.coordinator.job.Event;
import dev.tutti.proto.checkpoint.CheckpointFolder;
import dev.tutti.proto.v1.Checkpoint;
import dev.tutti.proto.v1.CheckpointFile;
import dev.tutti.proto.v1.CheckpointManifest;
import dev.tutti.proto.v1.CheckpointPart;
import dev.tutti.proto.v1.ShardRange;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes manifests and deletes old checkpoints, one thing after the other, on an executor that may wait for disks. Used by one
 * thread at a time.
 */
public final class CheckpointStore {
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointStore.class);

    private final Executor disk;
    private final Clock clock;
    private CompletableFuture<?> last = CompletableFuture.completedFuture(true);

    public CheckpointStore(Executor disk, Clock clock) {
        this.disk = disk;
        this.clock = clock;
    }

    /** Completes with {@link Event.CheckpointCompleted} or {@link Event.CheckpointFailed}. */
    public CompletableFuture<Event> complete(Effect.CompleteCheckpoint effect) {
        CompletableFuture<Event> done = last.handleAsync((_, _) -> completeNow(effect), disk);
        last = done;
        return done;
    }

    public void prune(Effect.PruneCheckpoints effect) {
        last = last.handleAsync((_, _) -> pruneNow(effect), disk);
    }

    private Event completeNow(Effect.CompleteCheckpoint effect) {
        long atMillis = clock.millis();
        try {
            CheckpointManifest manifest = manifest(effect, atMillis);
            Path folder = CheckpointFolder.publish(Path.of(effect.folder()), manifest);
            return new Event.CheckpointCompleted(
                    atMillis,
                    Checkpoint.newBuilder()
                            .setJobId(effect.job())
                            .setStep(effect.step())
                            .setPath(folder.toString())
                            .setBytes(effect.parts().stream()
                                    .mapToLong(CheckpointPart::getBytes)
                                    .sum())
                            .setWrittenAtMillis(atMillis)
                            .build());
        } catch (IOException | RuntimeException e) {
            LOG.warn("cannot complete the checkpoint of step {} of {}", effect.step(), effect.job(), e);
            return new Event.CheckpointFailed(atMillis, effect.job(), effect.step(), sentence(e));
        }
    }

    private static String sentence(Exception failure) {
        return Optional.ofNullable(failure.getMessage()).orElse(failure.toString());
    }

    private static CheckpointManifest manifest(Effect.CompleteCheckpoint effect, long atMillis) {
        CheckpointManifest.Builder manifest = CheckpointManifest.newBuilder()
                .setFormat(CheckpointFolder.FORMAT)
                .setJob(effect.job())
                .setSpec(effect.spec())
                .setStep(effect.step())
                .setWrittenAtMillis(atMillis)
                .addAllTensors(effect.shardMap().getTensorsList());
        for (CheckpointPart part : effect.parts()) {
            ShardRange range = effect.shardMap().getShards(part.getShard());
            manifest.setGeneration(Math.max(manifest.getGeneration(), part.getGeneration()))
                    .addFiles(CheckpointFile.newBuilder()
                            .setShard(part.getShard())
                            .setName(part.getFile())
                            .setSha256(part.getSha256())
                            .setBytes(part.getBytes())
                            .setBegin(range.getBegin())
                            .setEnd(range.getEnd()));
        }
        return manifest.build();
    }

    private static boolean pruneNow(Effect.PruneCheckpoints effect) {
        try {
            CheckpointFolder.prune(Path.of(effect.folder()), effect.keep());
        } catch (IOException | RuntimeException e) {
            LOG.warn("cannot delete old checkpoints in {}", effect.folder(), e);
        }
        return true;
    }
}
