package dev.tutti.parameterserver.checkpoint;

import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import dev.tutti.parameterserver.shard.Checkpoints;
import dev.tutti.parameterserver.shard.ShardSettings;
import dev.tutti.parameterserver.shard.ShardSnapshot;
import dev.tutti.proto.checkpoint.CheckpointFolder;
import dev.tutti.proto.checkpoint.SafeTensorsWriter;
import dev.tutti.proto.checkpoint.TensorPiece;
import dev.tutti.proto.v1.CheckpointPart;
import dev.tutti.proto.v1.CheckpointPartFailed;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the checkpoint parts of one shard: a safetensors file, durable before anyone hears of it. One at a time; one more may wait, so
 * that a slow disk neither holds up the shards nor piles up copies in memory. Every checkpoint it is given ends in a part or a failure.
 */
public final class CheckpointWriter implements Checkpoints {
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointWriter.class);
    private static final long WRITE_BYTES = 1 << 20;

    private final ShardSettings settings;
    private final Executor executor;
    private final ParameterServerMetrics metrics;
    private final Listener listener;
    private final Lock lock = new ReentrantLock();
    /** Whether a task of the executor writes; before it ends it takes what waits. Guarded by the lock, as is {@code waiting}. */
    private boolean writing;

    private @Nullable Due waiting;
    /** Touched by whoever writes; the lock is taken between two of them. */
    private @Nullable CheckpointPart lastPart;

    private record Due(ShardSnapshot snapshot, Need need) {}

    /** Hears how it went, on the executor's thread or the shard's. */
    public interface Listener {
        void written(CheckpointPart part);

        void failed(CheckpointPartFailed failure);
    }

    /** @param executor may block: it waits for the disk */
    public CheckpointWriter(
            ShardSettings settings, Executor executor, ParameterServerMetrics metrics, Listener listener) {
        this.settings = settings;
        this.executor = executor;
        this.metrics = metrics;
        this.listener = listener;
    }

    @Override
    public void write(ShardSnapshot snapshot, Need need) {
        Due due = new Due(snapshot, need);
        Due displaced = null;
        boolean free;
        lock.lock();
        try {
            free = !writing;
            if (free) {
                writing = true;
            } else {
                displaced = waitOrDisplace(due);
            }
        } finally {
            lock.unlock();
        }
        if (free) {
            start(due);
        }
        if (displaced != null) {
            displaced.snapshot.close();
            giveUp(displaced.snapshot, "The last checkpoint is still being written");
        }
    }

    /** Returns what is given up. A step that waits already is not: it is written once. Under the lock. */
    private @Nullable Due waitOrDisplace(Due due) {
        Due before = waiting;
        if (before != null && before.snapshot.step() == due.snapshot.step()) {
            before.snapshot.close();
            waiting = before.need == Need.REQUIRED ? new Due(due.snapshot, Need.REQUIRED) : due;
            return null;
        }
        if (before != null && due.need == Need.PERIODIC) {
            return due;
        }
        waiting = due;
        return before;
    }

    private void start(Due due) {
        try {
            executor.execute(() -> writeAll(due));
        } catch (RuntimeException | Error e) {
            LOG.warn("{}: nobody writes checkpoints any more", settings.job(), e);
            // Only the shard's thread, which is here, hands over snapshots: none waits.
            next();
            due.snapshot.close();
            giveUp(due.snapshot, "Nobody writes checkpoints any more: " + e);
        }
    }

    private void writeAll(Due first) {
        for (Due due = first; due != null; due = next()) {
            try (ShardSnapshot snapshot = due.snapshot) {
                writeOrFail(snapshot);
            }
        }
    }

    private @Nullable Due next() {
        lock.lock();
        try {
            Due next = waiting;
            waiting = null;
            writing = next != null;
            return next;
        } finally {
            lock.unlock();
        }
    }

    /** Whatever is thrown on the way, the coordinator hears of it: it waits for this part. */
    private void writeOrFail(ShardSnapshot snapshot) {
        CheckpointPart last = lastPart;
        if (last != null && last.getStep() == snapshot.step()) {
            // Asked for a step that was written already, and that may have become part of a whole checkpoint by now.
            listener.written(
                    last.toBuilder().setGeneration(snapshot.generation()).build());
            return;
        }
        long beganNanos = System.nanoTime();
        try {
            CheckpointPart part = writePart(snapshot);
            lastPart = part;
            metrics.checkpointWritten(Duration.ofNanos(System.nanoTime() - beganNanos));
            LOG.info("{}: step {} written to {}/{}", part.getJob(), part.getStep(), part.getFolder(), part.getFile());
            listener.written(part);
        } catch (Throwable e) {
            LOG.warn("{}: step {} could not be written", settings.job(), snapshot.step(), e);
            giveUp(snapshot, e.toString());
        }
    }

    private void giveUp(ShardSnapshot snapshot, String reason) {
        giveUp(snapshot.generation(), snapshot.step(), reason);
    }

    @Override
    public void giveUp(long generation, long step, String reason) {
        listener.failed(CheckpointPartFailed.newBuilder()
                .setJob(settings.job())
                .setGeneration(generation)
                .setShard(settings.shard())
                .setStep(step)
                .setReason(reason)
                .build());
    }

    private static CheckpointPart writePart(ShardSnapshot snapshot) throws IOException {
        ShardSettings settings = snapshot.settings();
        Path folder = CheckpointFolder.partial(settings.checkpointFolder(), snapshot.step());
        Files.createDirectories(folder);
        String name = String.format("shard-%05d.safetensors", settings.shard());
        Path aside = folder.resolve(name + ".new");
        Files.deleteIfExists(aside);
        SafeTensorsWriter.Written written = writeFile(aside, snapshot);
        Files.move(aside, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        CheckpointFolder.syncFolder(folder);
        return CheckpointPart.newBuilder()
                .setJob(settings.job())
                .setGeneration(snapshot.generation())
                .setShard(settings.shard())
                .setStep(snapshot.step())
                .setFolder(folder.toString())
                .setFile(name)
                .setSha256(written.sha256())
                .setBytes(written.bytes())
                .build();
    }

    private static SafeTensorsWriter.Written writeFile(Path path, ShardSnapshot snapshot) throws IOException {
        try (SafeTensorsWriter writer = SafeTensorsWriter.create(path, declared(snapshot), metadata(snapshot))) {
            // The pieces of a range lie back to back, so a slot of all of them is the range as it is.
            write(snapshot.parameters(), writer);
            for (MemorySegment slot : snapshot.state()) {
                write(slot, writer);
            }
            return writer.finish();
        }
    }

    private static void write(MemorySegment range, SafeTensorsWriter writer) throws IOException {
        for (long at = 0; at < range.byteSize(); at += WRITE_BYTES) {
            writer.write(range.asSlice(at, Math.min(WRITE_BYTES, range.byteSize() - at))
                    .asByteBuffer());
        }
    }

    private static List<SafeTensorsWriter.Declared> declared(ShardSnapshot snapshot) {
        ShardSettings settings = snapshot.settings();
        List<TensorPiece> pieces = TensorPiece.within(
                settings.map().getTensorsList(),
                settings.grid().begin(),
                settings.grid().end());
        List<SafeTensorsWriter.Declared> declared = new ArrayList<>();
        for (TensorPiece piece : pieces) {
            declared.add(new SafeTensorsWriter.Declared(piece.name(), List.of(piece.elementCount())));
        }
        for (String slot : snapshot.stateNames()) {
            for (TensorPiece piece : pieces) {
                declared.add(new SafeTensorsWriter.Declared(piece.stateName(slot), List.of(piece.elementCount())));
            }
        }
        return declared;
    }

    private static Map<String, String> metadata(ShardSnapshot snapshot) {
        ShardSettings settings = snapshot.settings();
        return Map.of(
                "job", settings.job(),
                "loss-scale", Double.toString(snapshot.lossScale().value()),
                "clean-steps", Integer.toString(snapshot.lossScale().cleanSteps()),
                "skipped-steps", Long.toString(snapshot.lossScale().skippedSteps()),
                "step", Long.toString(snapshot.step()),
                "shard", Integer.toString(settings.shard()),
                "begin", Long.toString(settings.grid().begin()),
                "end", Long.toString(settings.grid().end()),
                "chunk-elements", Integer.toString(settings.grid().chunkElements()),
                "updates", snapshot.updates().stream().map(String::valueOf).collect(Collectors.joining(" ")));
    }
}
