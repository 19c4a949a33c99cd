package dev.tutti.tensor.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NativeFolderTest {
    private static final List<String> RESOURCES = List.of("/org/bytedeco/dnnl/linux-x86_64/libgomp.so.1");

    @TempDir
    Path root;

    @BeforeEach
    void unpackHere() {
        System.setProperty(NativeFolder.PROPERTY, root.resolve("natives").toString());
    }

    @AfterEach
    void unpackAtHomeAgain() {
        System.clearProperty(NativeFolder.PROPERTY);
    }

    @Test
    void unpacksOnceAndLeavesNothingElseBehind() throws IOException {
        Path folder = NativeFolder.unpack("some", RESOURCES);
        Path library = folder.resolve("libgomp.so.1");
        FileTime time = FileTime.fromMillis(1_000_000);
        Files.setLastModifiedTime(library, time);
        assertThat(NativeFolder.unpack("some", RESOURCES)).isEqualTo(folder);
        assertThat(Files.getLastModifiedTime(library)).isEqualTo(time);
        try (var all = Files.list(root.resolve("natives"))) {
            assertThat(all).containsExactly(folder);
        }
    }

    @Test
    void damagedFileIsReplaced() throws IOException {
        Path library = NativeFolder.unpack("some", RESOURCES).resolve("libgomp.so.1");
        long byteSize = Files.size(library);
        Files.write(library, new byte[10]);
        NativeFolder.unpack("some", RESOURCES);
        assertThat(Files.size(library)).isEqualTo(byteSize);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/proc/nobody", "?"})
    void withoutAHomeThatCanBeWrittenItIsAFolderOfOnesOwn(Path home) throws IOException {
        Path folder = NativeFolder.unpack(home, root, "some", RESOURCES);

        assertThat(folder.resolve("libgomp.so.1")).isNotEmptyFile();
        Path own = PrivateFolder.in(root);
        assertThat(folder).hasParent(own);
        assertThat(Files.getPosixFilePermissions(own)).isEqualTo(PosixFilePermissions.fromString("rwx------"));
        assertThat(NativeFolder.unpack(home, root, "some", RESOURCES)).isEqualTo(folder);
        assertThat(Path.of("?")).doesNotExist();
    }

    @Test
    void aFolderThatOthersCanWriteIsNotTrusted() throws IOException {
        Path folder = PrivateFolder.in(root);
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));

        assertThatThrownBy(() -> PrivateFolder.in(root)).hasMessageContaining("not a folder of this user alone");
    }

    @Test
    void whatMustBeWritableIsNamed() {
        assertThatThrownBy(() -> NativeFolder.unpack(Path.of("/proc/nobody"), Path.of("/proc"), "some", RESOURCES))
                .hasMessage("neither /proc/nobody/.cache/tutti/natives nor /proc can be written; name a folder with"
                        + " -Dtutti.natives=DIR");
    }

    @Test
    void missingResourceIsNamedAndNothingIsLeft() {
        assertThatThrownBy(() -> NativeFolder.unpack("some", List.of("/org/bytedeco/dnnl/plan9-mips/libdnnl.so")))
                .isInstanceOf(IOException.class)
                .hasMessage("/org/bytedeco/dnnl/plan9-mips/libdnnl.so is not on the class path");
        assertThat(root.resolve("natives"))
                .satisfiesAnyOf(
                        natives -> assertThat(natives).doesNotExist(),
                        natives -> assertThat(natives).isEmptyDirectory());
    }
}
