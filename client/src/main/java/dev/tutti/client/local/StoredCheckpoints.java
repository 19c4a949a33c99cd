package dev.tutti.client.local;

import dev.tutti.proto.checkpoint.CheckpointException;
import dev.tutti.proto.checkpoint.CheckpointFolder;
import dev.tutti.proto.v1.Checkpoint;
import dev.tutti.proto.v1.CheckpointFile;
import dev.tutti.proto.v1.CheckpointManifest;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** The checkpoints in a folder of jobs' folders. All paths it returns are absolute. */
public final class StoredCheckpoints {
    private final Path folder;

    public StoredCheckpoints(Path folder) {
        this.folder = folder.toAbsolutePath().normalize();
    }

    /** Whether the job has a folder here. */
    public boolean knows(String job) throws IOException {
        return jobFolders().stream().anyMatch(jobFolder -> jobFolder.endsWith(job));
    }

    /**
     * Oldest first.
     *
     * @param job empty: of all jobs
     * @param complaints hears of each checkpoint that can not be read
     */
    public List<Checkpoint> list(String job, Consumer<String> complaints) throws IOException {
        var checkpoints = new ArrayList<Checkpoint>();
        for (Path jobFolder : jobFolders()) {
            if (!job.isEmpty() && !jobFolder.endsWith(job)) {
                continue;
            }
            for (Path path : CheckpointFolder.list(jobFolder)) {
                try {
                    checkpoints.add(describe(path, CheckpointFolder.readManifest(path)));
                } catch (CheckpointException e) {
                    complaints.accept(String.valueOf(e.getMessage()));
                }
            }
        }
        checkpoints.sort(Comparator.comparingLong(Checkpoint::getWrittenAtMillis));
        return checkpoints;
    }

    /**
     * One checkpoint's folder.
     *
     * @param name a checkpoint's folder, a folder of checkpoints, or a job's ID
     * @param step empty: the newest
     */
    public Optional<Path> find(String name, Optional<Long> step) throws IOException {
        Optional<Path> path = existing(name);
        if (path.isPresent() && Files.isRegularFile(path.get().resolve(CheckpointFolder.MANIFEST))) {
            Path checkpoint = path.get();
            return step.isEmpty()
                            || step.get()
                                    == CheckpointFolder.readManifest(checkpoint).getStep()
                    ? path
                    : Optional.empty();
        }
        Optional<Path> stored = path.or(() -> existing(folder + File.separator + name));
        if (stored.isEmpty()) {
            return Optional.empty();
        }
        Path jobFolder = stored.get();
        if (step.isEmpty()) {
            return CheckpointFolder.newest(jobFolder);
        }
        Path wanted = CheckpointFolder.complete(jobFolder, step.get());
        return CheckpointFolder.list(jobFolder).stream().filter(wanted::equals).findFirst();
    }

    /**
     * The folders of all checkpoints there are of a name, oldest first; those whose manifest cannot be read, too.
     *
     * @param name a checkpoint's folder, a folder of checkpoints, or a job's ID; empty: of all jobs
     */
    public List<Path> all(String name) throws IOException {
        if (name.isEmpty()) {
            List<Path> all = new ArrayList<>();
            for (Path jobFolder : jobFolders().stream().sorted().toList()) {
                all.addAll(CheckpointFolder.list(jobFolder));
            }
            return all;
        }
        Optional<Path> found = existing(name).or(() -> existing(folder + File.separator + name));
        if (found.isEmpty()) {
            return List.of();
        }
        return Files.isRegularFile(found.get().resolve(CheckpointFolder.MANIFEST))
                ? List.of(found.get())
                : CheckpointFolder.list(found.get());
    }

    private static Optional<Path> existing(String name) {
        try {
            return Optional.of(Path.of(name).toAbsolutePath().normalize()).filter(Files::isDirectory);
        } catch (InvalidPathException _) {
            return Optional.empty();
        }
    }

    private List<Path> jobFolders() throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(Files::isDirectory).toList();
        }
    }

    private static Checkpoint describe(Path path, CheckpointManifest manifest) {
        return Checkpoint.newBuilder()
                .setJobId(manifest.getJob())
                .setStep(manifest.getStep())
                .setPath(path.toString())
                .setBytes(manifest.getFilesList().stream()
                        .mapToLong(CheckpointFile::getBytes)
                        .sum())
                .setWrittenAtMillis(manifest.getWrittenAtMillis())
                .build();
    }
}
