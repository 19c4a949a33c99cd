package dev.tutti.proto.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tutti.proto.digest.Sha256;
import dev.tutti.proto.v1.CheckpointFile;
import dev.tutti.proto.v1.CheckpointManifest;
import dev.tutti.proto.v1.TensorPlacement;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointFolderTest {
    /** b.weight is [2, 3], a.bias has 4 elements; element i of the flat space is i. */
    private static final List<TensorPlacement> TENSORS = List.of(
            TensorPlacement.newBuilder()
                    .setName("b.weight")
                    .addShape(2)
                    .addShape(3)
                    .build(),
            TensorPlacement.newBuilder()
                    .setName("a.bias")
                    .addShape(4)
                    .setOffset(6)
                    .build());

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path job;

    @Test
    void aCheckpointExistsOnceItIsPublished() throws IOException {
        CheckpointManifest manifest = write(500);
        assertThat(CheckpointFolder.list(job)).isEmpty();

        Path whole = CheckpointFolder.publish(job, manifest);

        assertThat(whole).isEqualTo(job.resolve("step-000000500"));
        assertThat(CheckpointFolder.list(job)).containsExactly(whole);
        assertThat(CheckpointFolder.verify(whole)).isEqualTo(manifest);
        assertThat(job.resolve("step-000000500.partial")).doesNotExist();
        assertThat(CheckpointFolder.publish(job, manifest)).isEqualTo(whole);
    }

    @Test
    void aMissingFileIsNotPublished() throws IOException {
        CheckpointManifest manifest = write(1);
        Files.delete(CheckpointFolder.partial(job, 1).resolve("shard-1"));
        assertThatThrownBy(() -> CheckpointFolder.publish(job, manifest))
                .isInstanceOf(CheckpointException.class)
                .hasMessageEndingWith("has no file shard-1");
        assertThat(CheckpointFolder.list(job)).isEmpty();
    }

    @Test
    void aChangedFileIsFoundOut() throws IOException {
        Path whole = CheckpointFolder.publish(job, write(1));
        byte[] bytes = Files.readAllBytes(whole.resolve("shard-1"));
        bytes[bytes.length - 1] ^= 1;
        Files.write(whole.resolve("shard-1"), bytes);
        assertThatThrownBy(() -> CheckpointFolder.verify(whole))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("shard-1 has been changed");
    }

    @Test
    void aManifestThatContradictsItselfOrLeavesTheFolderIsRefused() throws IOException {
        CheckpointManifest manifest = write(1);
        CheckpointManifest.Builder hole = manifest.toBuilder();
        hole.getFilesBuilder(1).setBegin(5);
        Path holed = CheckpointFolder.publish(job, hole.build());
        assertThatThrownBy(() -> CheckpointFolder.readManifest(holed)).hasMessageContaining("contradicts itself");
        write(2);
        CheckpointManifest.Builder outside = manifest.toBuilder().setStep(2);
        outside.getFilesBuilder(1).setName("../step-000000001/shard-1");
        assertThatThrownBy(() -> CheckpointFolder.publish(job, outside.build())).hasMessageContaining("has no file");
        Files.writeString(holed.resolve("manifest.json"), "{\"format\": 9}");
        assertThatThrownBy(() -> CheckpointFolder.readManifest(holed)).hasMessageContaining("has format 9");
        Files.writeString(holed.resolve("manifest.json"), "{");
        assertThatThrownBy(() -> CheckpointFolder.readManifest(holed))
                .hasMessageContaining("is no checkpoint manifest: End of input")
                .hasMessageNotContaining("Exception");
        Files.write(holed.resolve("manifest.json"), new byte[] {(byte) 0xff, 0, 1});
        assertThatThrownBy(() -> CheckpointFolder.readManifest(holed))
                .hasMessageEndingWith("is no checkpoint manifest: it is not text in UTF-8");
        assertThatThrownBy(() -> CheckpointFolder.readManifest(job)).hasMessageContaining("is no checkpoint");
    }

    @Test
    void onlyTheNewestAreKept() throws IOException {
        for (long step = 1; step <= 5; step++) {
            CheckpointFolder.publish(job, write(step));
        }
        CheckpointFolder.prune(job, 0);
        assertThat(CheckpointFolder.list(job)).hasSize(5);
        CheckpointFolder.prune(job, 2);
        assertThat(CheckpointFolder.list(job))
                .containsExactly(CheckpointFolder.complete(job, 4), CheckpointFolder.complete(job, 5));
        assertThat(CheckpointFolder.newest(job)).contains(CheckpointFolder.complete(job, 5));
        assertThat(Files.list(job)).hasSize(2);
    }

    @Test
    void whatCrashesLeftBehindGoesWithTheNextPrune() throws IOException {
        write(1);
        write(4);
        CheckpointFolder.publish(job, write(3));
        Files.move(CheckpointFolder.publish(job, write(2)), job.resolve("step-000000002.deleted"));
        Files.createDirectory(job.resolve("step-notes.partial"));

        CheckpointFolder.prune(job, 0);

        assertThat(Files.list(job))
                .containsExactlyInAnyOrder(
                        CheckpointFolder.complete(job, 3),
                        CheckpointFolder.partial(job, 4),
                        job.resolve("step-notes.partial"));
    }

    @Test
    void aDamagedCheckpointIsNotExported() throws IOException {
        Path whole = CheckpointFolder.publish(job, write(3));
        byte[] bytes = Files.readAllBytes(whole.resolve("shard-0"));
        bytes[bytes.length - 1] ^= 1;
        Files.write(whole.resolve("shard-0"), bytes);
        Path target = job.resolve("model.safetensors");
        assertThatThrownBy(() -> CheckpointExport.merge(whole, target))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("shard-0 has been changed");
        assertThat(target).doesNotExist();
    }

    @Test
    void aManifestThatNamesAFileElsewhereIsRefused() throws IOException {
        Path whole = CheckpointFolder.publish(job, write(3));
        Path manifest = whole.resolve("manifest.json");
        Files.writeString(manifest, Files.readString(manifest).replace("shard-1", "../shard-1"));
        assertThatThrownBy(() -> CheckpointFolder.readManifest(whole))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("\"../shard-1\" is no file's name");
    }

    @Test
    void piecesBecomeWholeTensorsAgain() throws IOException {
        Path whole = CheckpointFolder.publish(job, write(3));
        Path target = job.resolve("model.safetensors");

        SafeTensorsWriter.Written written = CheckpointExport.merge(whole, target);

        assertThat(Sha256.ofFile(target)).isEqualTo(written.sha256());
        try (SafeTensorsReader reader = SafeTensorsReader.open(target)) {
            assertThat(reader.tensors()).extracting(SafeTensor::name).containsExactly("b.weight", "a.bias");
            SafeTensor weight = reader.tensor("b.weight").orElseThrow();
            assertThat(weight.shape()).containsExactly(2L, 3L);
            ByteBuffer bytes = ByteBuffer.allocate(24);
            reader.read(weight, 0, bytes);
            assertThat(bytes.flip()).isEqualTo(SafeTensorsTest.floats(0, 1, 2, 3, 4, 5));
        }
        CheckpointExport.merge(whole, target);
    }

    private CheckpointManifest write(long step) throws IOException {
        Path partial = CheckpointFolder.partial(job, step);
        Files.createDirectories(partial);
        return CheckpointManifest.newBuilder()
                .setFormat(CheckpointFolder.FORMAT)
                .setJob("job-1")
                .setStep(step)
                .addAllTensors(TENSORS)
                .addFiles(file(partial, 0, 0, 4))
                .addFiles(file(partial, 1, 4, 10))
                .build();
    }

    private static CheckpointFile file(Path folder, int shard, int begin, int end) throws IOException {
        String name = "shard-" + shard;
        List<TensorPiece> pieces = TensorPiece.within(TENSORS, begin, end);
        List<SafeTensorsWriter.Declared> declared = pieces.stream()
                .map(piece -> new SafeTensorsWriter.Declared(piece.name(), List.of(piece.elementCount())))
                .toList();
        try (SafeTensorsWriter writer = SafeTensorsWriter.create(folder.resolve(name), declared, Map.of())) {
            for (int i = begin; i < end; i++) {
                writer.write(SafeTensorsTest.floats(i));
            }
            SafeTensorsWriter.Written written = writer.finish();
            return CheckpointFile.newBuilder()
                    .setShard(shard)
                    .setName(name)
                    .setSha256(written.sha256())
                    .setBytes(written.bytes())
                    .setBegin(begin)
                    .setEnd(end)
                    .build();
        }
    }
}
