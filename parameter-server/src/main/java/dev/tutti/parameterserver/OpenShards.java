package dev.tutti.parameterserver;

import dev.tutti.parameterserver.checkpoint.CheckpointWriter;
import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import dev.tutti.parameterserver.shard.SerialShard;
import dev.tutti.parameterserver.shard.Shard;
import dev.tutti.parameterserver.shard.ShardDirectory;
import dev.tutti.parameterserver.shard.ShardSettings;
import dev.tutti.proto.v1.ShardFailed;
import dev.tutti.proto.v1.ShardOpened;
import dev.tutti.proto.v1.ToCoordinator;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The shards of this process as the coordinator sees them: opened, fenced, written, released. Used by the control actor only; what takes
 * time happens on the shards' thread, which answers the coordinator itself.
 */
final class OpenShards {
    private static final Logger LOG = LoggerFactory.getLogger(OpenShards.class);

    private final ShardDirectory directory;
    private final Executor thread;
    private final Executor disk;
    private final ParameterServerMetrics metrics;
    private final Answers answers;
    private final Map<Key, PartReports> parts = new HashMap<>();

    private record Key(String job, int shard) {}

    /**
     * @param thread runs what no reader of frames runs by itself, of each shard one task at a time, in order; the caller's
     * @param disk runs what writes checkpoints, and may block
     */
    OpenShards(
            ShardDirectory directory, Executor thread, Executor disk, ParameterServerMetrics metrics, Answers answers) {
        this.directory = directory;
        this.thread = thread;
        this.disk = disk;
        this.metrics = metrics;
        this.answers = answers;
    }

    /**
     * Fences the shard to the generation and answers ShardOpened or ShardFailed.
     *
     * @param mayCreate whether the job has not begun, so that a shard that is not there is drawn anew; otherwise it has been lost
     */
    void open(ShardSettings settings, long generation, boolean mayCreate) {
        SerialShard shard = directory.find(settings.job(), settings.shard()).orElse(null);
        if (shard == null) {
            if (!mayCreate) {
                failed(settings, "shard " + settings.shard() + " of job " + settings.job() + " is lost here");
                return;
            }
            shard = create(settings);
        }
        if (!shard.settings().map().equals(settings.map())) {
            failed(settings, "Generation " + generation + " has another shard map than the shard was opened with");
            return;
        }
        shard.execute(
                open -> {
                    open.fence(generation);
                    answers.tell(ToCoordinator.newBuilder()
                            .setShardOpened(ShardOpened.newBuilder()
                                    .setJob(settings.job())
                                    .setGeneration(open.generation())
                                    .setShard(settings.shard())
                                    .setCompleteStep(open.completeStep())));
                },
                () -> failed(settings, "Shard " + settings.shard() + " is gone: it has failed or been released"));
    }

    /** Each shard of the job writes its part of the step's checkpoint and answers CheckpointPart or CheckpointPartFailed. */
    void checkpoint(String job, long generation, long step) {
        for (SerialShard shard : directory.of(job)) {
            shard.execute(open -> checkpoint(open, generation, step), () -> {});
        }
    }

    /** On the shard's thread. */
    private static void checkpoint(Shard shard, long generation, long step) {
        if (Long.compareUnsigned(generation, shard.generation()) < 0) {
            LOG.info(
                    "Job {}: the checkpoint of step {} asked for by generation {} ignored, {} is newer",
                    shard.settings().job(),
                    step,
                    generation,
                    shard.generation());
        } else {
            shard.checkpoint(step);
        }
    }

    /** Tells of each shard's last part again, written or failed. Whoever has heard of it ignores it. */
    void repeatLastParts() {
        parts.values().forEach(PartReports::repeat);
    }

    /** Frees everything of a job. Parts of checkpoints that are being written are finished. */
    void release(String job) {
        for (SerialShard shard : directory.of(job)) {
            directory.remove(shard);
            shard.close("Job " + job + " has ended: its shard has been released");
        }
        parts.keySet().removeIf(key -> key.job.equals(job));
    }

    void releaseAll() {
        for (SerialShard shard : directory.all()) {
            directory.remove(shard);
            shard.close("The parameter server stops");
        }
    }

    private SerialShard create(ShardSettings settings) {
        SerialShard shard = new SerialShard(settings, thread, cause -> {
            directory.find(settings.job(), settings.shard()).ifPresent(directory::remove);
            failed(settings, "Shard " + settings.shard() + " has failed: " + cause);
        });
        directory.add(shard);
        PartReports reports = new PartReports(answers);
        parts.put(new Key(settings.job(), settings.shard()), reports);
        CheckpointWriter checkpoints = new CheckpointWriter(settings, disk, metrics, reports);
        shard.open(() -> new Shard(settings, metrics, checkpoints));
        LOG.info(
                "Job {}: shard {} with parameters [{}, {})",
                settings.job(),
                settings.shard(),
                settings.grid().begin(),
                settings.grid().end());
        return shard;
    }

    private void failed(ShardSettings settings, String reason) {
        answers.tell(ToCoordinator.newBuilder()
                .setShardFailed(ShardFailed.newBuilder()
                        .setJob(settings.job())
                        .setShard(settings.shard())
                        .setReason(reason)));
    }
}
