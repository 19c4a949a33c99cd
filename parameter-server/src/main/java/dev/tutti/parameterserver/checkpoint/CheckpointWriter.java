package dev.tutti.parameterserver.checkpoint;

import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import dev.tutti.parameterserver.shard.Checkpoints;
import dev.tutti.parameterserver.shard.ShardSettings;
import dev.tutti.parameterserver.shard.ShardSnapshot;
import dev.tutti.proto.checkpoint.CheckpointFolder;
import dev.tutti.proto.checkpoint.SafeTensorsWriter;
import dev.tutti.proto.checkpoint.TensorPiece;
import dev.tutti.proto.v1.CheckpointPart;
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
import java.util.concurrent.Semaphore;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the checkpoint parts of one shard: a safetensors file, durable before anyone hears of it. One at a time; a shard that is due again
 * while its last part is still being written waits, so that a slow disk cannot pile up copies in memory.
 */
public final class CheckpointWriter implements Checkpoints {
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointWriter.class);
    private static final long WRITE_BYTES = 1 << 20;

    private final Executor executor;
    private final ParameterServerMetrics metrics;
    private final Listener listener;
    private final Semaphore free = new Semaphore(1);
    /** Written by whoever holds the permit. */
    private @Nullable CheckpointPart lastPart;

    /** Hears how it went, on the executor's thread. */
    public interface Listener {
        void written(CheckpointPart part);

        /** @param reason one sentence */
        void failed(String reason);
    }

    /** @param executor may block: it waits for the disk */
    public CheckpointWriter(Executor executor, ParameterServerMetrics metrics, Listener listener) {
        this.executor = executor;
        this.metrics = metrics;
        this.listener = listener;
    }

    @Override
    public void write(ShardSnapshot snapshot) {
        free.acquireUninterruptibly();
        boolean started = false;
        try {
            executor.execute(() -> {
                try (snapshot) {
                    writeOrFail(snapshot);
                } finally {
                    free.release();
                }
            });
            started = true;
        } finally {
            if (!started) {
                snapshot.close();
                free.release();
            }
        }
    }

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
        } catch (IOException e) {
            LOG.warn("{}: step {} could not be written", snapshot.settings().job(), snapshot.step(), e);
            listener.failed("The checkpoint of step " + snapshot.step() + " could not be written: " + e);
        }
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
                "step", Long.toString(snapshot.step()),
                "shard", Integer.toString(settings.shard()),
                "begin", Long.toString(settings.grid().begin()),
                "end", Long.toString(settings.grid().end()),
                "chunk-elements", Integer.toString(settings.grid().chunkElements()),
                "updates", snapshot.versions().stream().map(String::valueOf).collect(Collectors.joining(" ")));
    }
}
