package dev.tutti.it;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A test that calls the launcher: each of its methods in a {@link LauncherTree} of its own. */
abstract class WithLauncher {
    private final String treeName;

    @TempDir
    Path folder;

    LauncherTree tree;

    /** @param treeName the name of the folder the launcher lies in */
    WithLauncher(String treeName) {
        this.treeName = treeName;
    }

    @BeforeEach
    void open() throws IOException {
        tree = new LauncherTree(folder, treeName);
    }

    @AfterEach
    void close() {
        tree.close();
    }
}
