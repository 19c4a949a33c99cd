package dev.tutti.it;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A test that starts processes: each of its methods in a folder of its own, and they end with the method. */
abstract class WithProcesses {
    @TempDir
    Path folder;

    TuttiProcesses processes;

    @BeforeEach
    void open() {
        processes = new TuttiProcesses(folder);
    }

    @AfterEach
    void close() {
        processes.close();
    }
}
