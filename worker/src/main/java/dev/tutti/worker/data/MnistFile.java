package dev.tutti.worker.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** The four files of MNIST. Checksums are over the unpacked bytes: mirrors have packed them in different ways. */
enum MnistFile {
    TRAIN_IMAGES(
            "train-images-idx3-ubyte", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db", 47_040_016),
    TRAIN_LABELS("train-labels-idx1-ubyte", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5", 60_008),
    TEST_IMAGES(
            "t10k-images-idx3-ubyte", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7", 7_840_016),
    TEST_LABELS("t10k-labels-idx1-ubyte", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2", 10_008);

    private final String fileName;
    private final String sha256;
    private final long byteSize;

    MnistFile(String fileName, String sha256, long byteSize) {
        this.fileName = fileName;
        this.sha256 = sha256;
        this.byteSize = byteSize;
    }

    String fileName() {
        return fileName;
    }

    /** Lower-case hex, over the unpacked bytes. */
    String sha256() {
        return sha256;
    }

    /** Unpacked. */
    long byteSize() {
        return byteSize;
    }

    Optional<Path> in(Path folder) {
        return Stream.of(folder.resolve(fileName), folder.resolve(fileName + ".gz"))
                .filter(Files::exists)
                .findFirst();
    }
}
