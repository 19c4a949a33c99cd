package dev.tutti.proto.checkpoint;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import dev.tutti.proto.digest.Sha256;
import dev.tutti.proto.v1.CheckpointFile;
import dev.tutti.proto.v1.CheckpointManifest;
import dev.tutti.proto.wire.ShardMaps;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Where a job's checkpoints lie: {@code step-000000500.partial} while shards write their files into it, {@code step-000000500}
 * once the manifest is in it. A folder without {@code .partial} is whole.
 */
public final class CheckpointFolder {
    public static final String MANIFEST = "manifest.json";

    /** Of {@link CheckpointManifest}. */
    public static final int FORMAT = 1;

    private static final Pattern COMPLETE = Pattern.compile("step-(\\d{9,18})");
    private static final String PARTIAL = ".partial";
    private static final String DELETED = ".deleted";
    private static final Pattern LEFTOVER = Pattern.compile("step-(\\d{9,18})(\\.partial|\\.deleted)");
    private static final long MAX_MANIFEST_BYTES = 64 << 20;

    private CheckpointFolder() {}

    /** Where shards put their files of a step. */
    public static Path partial(Path jobFolder, long step) {
        return jobFolder.resolve(name(step) + PARTIAL);
    }

    /** Where a whole checkpoint of a step lies. */
    public static Path complete(Path jobFolder, long step) {
        return jobFolder.resolve(name(step));
    }

    /** The whole checkpoints of a job, oldest first; none if the folder does not exist. */
    public static List<Path> list(Path jobFolder) throws IOException {
        try (Stream<Path> entries = Files.list(jobFolder)) {
            return entries.filter(entry ->
                            COMPLETE.matcher(fileName(entry)).matches() && Files.isRegularFile(entry.resolve(MANIFEST)))
                    .sorted(Comparator.comparingLong(CheckpointFolder::step))
                    .toList();
        } catch (NoSuchFileException _) {
            return List.of();
        }
    }

    public static Optional<Path> newest(Path jobFolder) throws IOException {
        List<Path> checkpoints = list(jobFolder);
        return checkpoints.isEmpty() ? Optional.empty() : Optional.of(checkpoints.getLast());
    }

    /**
     * Makes a partial folder a whole checkpoint: the manifest is written aside, made durable and renamed into place, then the folder
     * is renamed. If the checkpoint of this step exists already, the partial folder is deleted instead.
     *
     * @return the whole checkpoint's folder
     * @throws CheckpointException if a file of the manifest is missing or has another size
     */
    public static Path publish(Path jobFolder, CheckpointManifest manifest) throws IOException {
        Path partial = partial(jobFolder, manifest.getStep());
        Path complete = complete(jobFolder, manifest.getStep());
        if (Files.isRegularFile(complete.resolve(MANIFEST))) {
            delete(partial);
            return complete;
        }
        for (CheckpointFile file : manifest.getFilesList()) {
            requireSize(partial, file);
        }
        Path aside = partial.resolve(MANIFEST + ".new");
        writeDurably(aside, JsonFormat.printer().print(manifest) + "\n");
        Files.move(aside, partial.resolve(MANIFEST), StandardCopyOption.ATOMIC_MOVE);
        syncFolder(partial);
        Files.move(partial, complete, StandardCopyOption.ATOMIC_MOVE);
        syncFolder(jobFolder);
        return complete;
    }

    /**
     * Reads the manifest of a whole checkpoint, without looking into its files.
     *
     * @throws CheckpointException if there is none, or none that this version understands
     */
    public static CheckpointManifest readManifest(Path folder) throws IOException {
        Path path = folder.resolve(MANIFEST);
        if (!Files.isRegularFile(path)) {
            throw new CheckpointException(folder + " is no checkpoint: it has no " + MANIFEST);
        }
        if (Files.size(path) > MAX_MANIFEST_BYTES) {
            throw new CheckpointException(path + " is too large for a manifest: " + Files.size(path) + " bytes");
        }
        CheckpointManifest.Builder manifest = CheckpointManifest.newBuilder();
        try {
            JsonFormat.parser().ignoringUnknownFields().merge(Files.readString(path), manifest);
        } catch (InvalidProtocolBufferException e) {
            throw new CheckpointException(path + " is no checkpoint manifest: " + defect(e), e);
        } catch (CharacterCodingException e) {
            throw new CheckpointException(path + " is no checkpoint manifest: it is not text in UTF-8", e);
        }
        if (manifest.getFormat() != FORMAT) {
            throw new CheckpointException(
                    path + " has format " + manifest.getFormat() + ", this version reads format " + FORMAT);
        }
        requireWholeSpace(path, manifest.build());
        return manifest.build();
    }

    /** The parser's words, less the name of the class that found it out. */
    private static String defect(InvalidProtocolBufferException e) {
        return String.valueOf(e.getMessage()).replaceFirst("^([a-z]\\w*\\.)+\\w+: ", "");
    }

    /**
     * {@link #readManifest}, and compares every file with its size and SHA-256.
     *
     * @throws CheckpointException naming what differs
     */
    public static CheckpointManifest verify(Path folder) throws IOException {
        CheckpointManifest manifest = readManifest(folder);
        for (CheckpointFile file : manifest.getFilesList()) {
            requireSize(folder, file);
            String sha256 = Sha256.ofFile(folder.resolve(file.getName()));
            if (!sha256.equals(file.getSha256())) {
                throw new CheckpointException(folder.resolve(file.getName()) + " has been changed: its SHA-256 is "
                        + sha256 + ", the manifest says " + file.getSha256());
            }
        }
        return manifest;
    }

    /**
     * Deletes all but the newest checkpoints, and what crashes and lost parts have left behind: partial folders older than the newest
     * whole checkpoint, which nobody completes any more, and half-deleted checkpoints.
     *
     * @param keep 0 keeps all whole ones
     */
    public static void prune(Path jobFolder, int keep) throws IOException {
        List<Path> checkpoints = list(jobFolder);
        if (!checkpoints.isEmpty()) {
            deleteLeftovers(jobFolder, step(checkpoints.getLast()));
        }
        for (int i = 0; keep > 0 && i < checkpoints.size() - keep; i++) {
            // Renamed first, so that a crash leaves no half checkpoint that looks whole.
            Path old = checkpoints.get(i);
            Path aside = old.resolveSibling(fileName(old) + DELETED);
            Files.move(old, aside, StandardCopyOption.ATOMIC_MOVE);
            delete(aside);
        }
    }

    private static void deleteLeftovers(Path jobFolder, long newest) throws IOException {
        List<Path> leftovers;
        try (Stream<Path> entries = Files.list(jobFolder)) {
            leftovers = entries.filter(entry -> {
                        Matcher name = LEFTOVER.matcher(fileName(entry));
                        return name.matches()
                                && (name.group(2).equals(DELETED) || Long.parseLong(name.group(1)) < newest);
                    })
                    .toList();
        }
        for (Path leftover : leftovers) {
            delete(leftover);
        }
    }

    /** Makes the names in a folder durable. */
    public static void syncFolder(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private static String name(long step) {
        return String.format("step-%09d", step);
    }

    private static long step(Path complete) {
        return Long.parseLong(fileName(complete).substring("step-".length()));
    }

    private static String fileName(Path path) {
        return String.valueOf(path.getFileName());
    }

    private static void requireSize(Path folder, CheckpointFile file) throws IOException {
        if (!isPlainName(file.getName()) || !Files.isRegularFile(folder.resolve(file.getName()))) {
            throw new CheckpointException(folder + " has no file " + file.getName());
        }
        Path path = folder.resolve(file.getName());
        if (Files.size(path) != file.getBytes()) {
            throw new CheckpointException(
                    path + " has " + Files.size(path) + " bytes, the manifest says " + file.getBytes());
        }
    }

    /** A name that stays in its folder. */
    private static boolean isPlainName(String name) {
        return !name.isEmpty()
                && !name.equals(".")
                && !name.equals("..")
                && name.chars().allMatch(c -> c > ' ' && c != '/' && c != '\\');
    }

    private static void requireWholeSpace(Path path, CheckpointManifest manifest) throws CheckpointException {
        try {
            long elements = ShardMaps.elementCount(manifest.getTensorsList());
            long end = 0;
            for (CheckpointFile file : manifest.getFilesList()) {
                if (!isPlainName(file.getName())) {
                    throw new IllegalArgumentException("\"" + file.getName() + "\" is no file's name");
                }
                if (file.getBegin() != end || file.getEnd() < end) {
                    throw new IllegalArgumentException("file " + file.getName() + " covers [" + file.getBegin() + ", "
                            + file.getEnd() + "), the one before it ends at " + end);
                }
                end = file.getEnd();
            }
            if (end != elements) {
                throw new IllegalArgumentException("its files cover " + end + " of " + elements + " parameters");
            }
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new CheckpointException(path + " contradicts itself: " + e.getMessage(), e);
        }
    }

    private static void writeDurably(Path path, String text) throws IOException {
        try (FileChannel file = FileChannel.open(
                path, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                file.write(bytes);
            }
            file.force(true);
        }
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> entries = Files.list(folder)) {
            for (Path entry : entries.toList()) {
                Files.delete(entry);
            }
        }
        Files.delete(folder);
    }
}
