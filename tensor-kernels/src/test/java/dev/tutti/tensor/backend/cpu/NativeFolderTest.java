package dev.tutti.tensor.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
