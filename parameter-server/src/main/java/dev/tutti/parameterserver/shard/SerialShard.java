package dev.tutti.parameterserver.shard;

import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A shard and what is to be done with it, one task at a time: whoever wants something of the shard leaves a task here. Thread-safe.
 *
 * <p>A task that throws has left the shard in an unknown state, so the shard is closed, and the failure reported once.
 */
public final class SerialShard {
    private static final Logger LOG = LoggerFactory.getLogger(SerialShard.class);

    private final ShardSettings settings;
    private final SerialTasks tasks;
    private final Consumer<Throwable> failed;
    /** Touched by tasks only. Null before it is opened and after it is closed. */
    private @Nullable Shard shard;

    /**
     * @param thread runs tasks that are left here
     * @param failed told by a task why the shard is gone
     */
    public SerialShard(ShardSettings settings, Executor thread, Consumer<Throwable> failed) {
        this.settings = settings;
        this.tasks = new SerialTasks(thread);
        this.failed = failed;
    }

    public ShardSettings settings() {
        return settings;
    }

    /** A source of the shard, which may take a while to allocate and fill. */
    @FunctionalInterface
    public interface Opening {
        Shard open();
    }

    /** Creates the shard; to be called once, first. */
    public void open(Opening opening) {
        tasks.execute(() -> guarded(() -> shard = opening.open()));
    }

    /**
     * Leaves a task to the shard's thread.
     *
     * @param otherwise runs instead if there is no shard any more
     */
    public void execute(Consumer<Shard> task, Runnable otherwise) {
        tasks.execute(() -> run(task, otherwise));
    }

    /** As {@link #execute}, but on the calling thread, if nothing else is being done with the shard. */
    public void executeHere(Consumer<Shard> task, Runnable otherwise) {
        tasks.executeHere(() -> run(task, otherwise));
    }

    private void run(Consumer<Shard> task, Runnable otherwise) {
        Shard open = shard;
        if (open == null) {
            guarded(otherwise);
        } else {
            guarded(() -> task.accept(open));
        }
    }

    /**
     * Ends the shard's streams and frees its memory.
     *
     * @param reason one sentence for the workers
     */
    public void close(String reason) {
        execute(
                open -> {
                    shard = null;
                    open.close(reason);
                },
                () -> {});
    }

    private void guarded(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            Shard open = shard;
            shard = null;
            // Memory may be what has run out.
            try {
                LOG.error("Shard {} of job {} has failed", settings.shard(), settings.job(), e);
                if (open != null) {
                    open.close("Shard " + settings.shard() + " of job " + settings.job() + " has failed: " + e);
                }
            } finally {
                failed.accept(e);
            }
        }
    }
}
