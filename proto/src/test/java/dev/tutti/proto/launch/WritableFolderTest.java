package dev.tutti.proto.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WritableFolderTest {
    @TempDir
    private Path parent;

    @Test
    void theFolderIsThereAfterwardsAndEmpty() throws Exception {
        assertThat(WritableFolder.ensure(parent.resolve("a/b"), "")).isEmptyDirectory();
    }

    @Test
    void aFileInItsPlaceIsNamed() throws Exception {
        Path file = Files.createFile(parent.resolve("state"));

        var failure = catchThrowableOfType(
                LaunchException.class, () -> WritableFolder.ensure(file, "name another folder with --state"));

        assertThat(failure)
                .hasMessage("cannot write to %s: there is a file of that name; name another folder with --state", file);
        assertThat(failure.exitCode()).isEqualTo(2);
    }

    @Test
    void aFolderThatCannotBeWrittenIsNamed() {
        Path folder = Path.of("/proc");

        var failure = catchThrowableOfType(LaunchException.class, () -> WritableFolder.ensure(folder, "choose"));

        assertThat(failure).hasMessage("cannot write to /proc: no file can be created in it; choose");
    }
}
