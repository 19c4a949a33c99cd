package dev.tutti.proto.checkpoint;

import dev.tutti.proto.v1.CheckpointFile;
import dev.tutti.proto.v1.CheckpointManifest;
import dev.tutti.proto.v1.TensorPlacement;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** The parameters of a whole checkpoint, joined from the shards' files. Streams: nothing is ever held in memory whole. */
public final class CheckpointExport {
    private static final int BUFFER_BYTES = 1 << 20;

    private CheckpointExport() {}

    /** Takes the next bytes of a tensor. */
    @FunctionalInterface
    private interface Sink {
        void accept(ByteBuffer bytes) throws IOException;
    }

    /**
     * Compares every file with the manifest's hashes, then writes the parameters as one safetensors file: whole f32 tensors with their shapes, in forward order. The file appears under
     * its name once it is complete; one that stood there is replaced.
     *
     * @param checkpoint a whole checkpoint's folder
     * @throws CheckpointException if the checkpoint is not what its manifest says
     */
    public static SafeTensorsWriter.Written merge(Path checkpoint, Path target) throws IOException {
        CheckpointManifest manifest = CheckpointFolder.verify(checkpoint);
        Path aside = target.resolveSibling(target.getFileName() + "." + UUID.randomUUID() + ".new");
        try (Shards shards = Shards.open(checkpoint, manifest);
                SafeTensorsWriter writer =
                        SafeTensorsWriter.create(aside, declared(manifest), Map.of("format", "pt"))) {
            for (TensorPlacement tensor : manifest.getTensorsList()) {
                shards.stream(tensor, writer::write);
            }
            SafeTensorsWriter.Written written = writer.finish();
            Files.move(aside, target, StandardCopyOption.ATOMIC_MOVE);
            return written;
        } finally {
            Files.deleteIfExists(aside);
        }
    }

    private static List<SafeTensorsWriter.Declared> declared(CheckpointManifest manifest) {
        return manifest.getTensorsList().stream()
                .map(tensor -> new SafeTensorsWriter.Declared(
                        tensor.getName(),
                        tensor.getShapeList().stream()
                                .map(Integer::toUnsignedLong)
                                .toList()))
                .toList();
    }

    /** The open files of all shards. */
    private record Shards(List<CheckpointFile> files, List<SafeTensorsReader> readers) implements AutoCloseable {
        static Shards open(Path checkpoint, CheckpointManifest manifest) throws IOException {
            Shards shards = new Shards(manifest.getFilesList(), new ArrayList<>());
            try {
                for (CheckpointFile file : manifest.getFilesList()) {
                    shards.readers.add(SafeTensorsReader.open(checkpoint.resolve(file.getName())));
                }
                return shards;
            } catch (IOException | RuntimeException e) {
                shards.close();
                throw e;
            }
        }

        void stream(TensorPlacement tensor, Sink sink) throws IOException {
            for (int i = 0; i < files.size(); i++) {
                CheckpointFile file = files.get(i);
                for (TensorPiece piece : TensorPiece.within(List.of(tensor), file.getBegin(), file.getEnd())) {
                    stream(piece, file, readers.get(i), sink);
                }
            }
        }

        private static void stream(TensorPiece piece, CheckpointFile file, SafeTensorsReader reader, Sink sink)
                throws IOException {
            SafeTensor stored = reader.tensor(piece.name())
                    .filter(tensor -> tensor.kind() == ElementKind.F32 && tensor.elementCount() == piece.elementCount())
                    .orElseThrow(() -> new CheckpointException(file.getName() + " has no F32 tensor " + piece.name()
                            + " of " + piece.elementCount() + " elements"));
            ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
            for (long first = 0; first < stored.byteSize(); first += BUFFER_BYTES) {
                buffer.clear().limit((int) Math.min(BUFFER_BYTES, stored.byteSize() - first));
                reader.read(stored, first, buffer);
                sink.accept(buffer.flip());
            }
        }

        @Override
        public void close() throws IOException {
            for (SafeTensorsReader reader : readers) {
                reader.close();
            }
        }
    }
}
