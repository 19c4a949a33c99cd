package dev.tutti.proto.wording;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;

class FileTroubleTest {
    @Test
    void saysWhatTheClassOfTheExceptionMeans() {
        assertThat(FileTrouble.sentence(new AccessDeniedException("/etc/x"))).isEqualTo("/etc/x: permission denied");
        assertThat(FileTrouble.sentence(new NoSuchFileException("/proc/foo")))
                .isEqualTo("/proc/foo: there is no such file or folder");
        assertThat(FileTrouble.sentence(new FileSystemException("f/runs", null, "Not a directory")))
                .isEqualTo("f/runs: not a directory");
        assertThat(FileTrouble.sentence(new IOException("No space left on device")))
                .isEqualTo("no space left on device");
    }
}
