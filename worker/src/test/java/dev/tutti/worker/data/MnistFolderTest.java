package dev.tutti.worker.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MnistFolderTest {
    private static final MnistDownload NO_MIRRORS = new MnistDownload(List.of());

    @TempDir
    Path folder;

    @Test
    void missingFilesSayWhatToPutWhere() {
        assertThatThrownBy(() -> new MnistFolder(folder, NO_MIRRORS).open(PixelScale.UNIT))
                .isInstanceOf(DataException.class)
                .hasMessageContainingAll(
                        "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte,"
                                + " t10k-labels-idx1-ubyte into "
                                + folder.resolve("mnist"),
                        "with .gz",
                        "DIR/mnist/train-images-idx3-ubyte[.gz]",
                        "--data DIR",
                        "TUTTI_DATA",
                        "no mirror is configured");
    }

    @Test
    void oneMissingFileIsNamed() throws Exception {
        Path mnist = Files.createDirectory(folder.resolve("mnist"));
        Files.write(mnist.resolve("train-images-idx3-ubyte"), IdxBytes.images(2, 28, 28));
        Files.write(mnist.resolve("train-labels-idx1-ubyte.gz"), IdxBytes.gzip(IdxBytes.labels(3, 9)));
        Files.write(mnist.resolve("t10k-images-idx3-ubyte.gz"), IdxBytes.gzip(IdxBytes.images(1, 28, 28)));

        assertThatThrownBy(() -> new MnistFolder(folder, NO_MIRRORS).open(PixelScale.UNIT))
                .hasMessageStartingWith("mnist is missing t10k-labels-idx1-ubyte: put");
    }

    @Test
    void aMirrorThatCannotBeReachedIsNamed() {
        MnistDownload download = new MnistDownload(List.of(URI.create("http://127.0.0.1:1/mnist/")));

        assertThatThrownBy(() -> new MnistFolder(folder, download).open(PixelScale.UNIT))
                .isInstanceOf(DataException.class)
                .hasMessageContainingAll(
                        "put train-images",
                        "not downloaded either: http://127.0.0.1:1/mnist/train-images-idx3-ubyte.gz: ");
    }

    @Test
    void whatAMirrorSendsIsStoredOnlyIfItsChecksumIsRight() throws Exception {
        byte[] wrong = IdxBytes.gzip(IdxBytes.labels(1, 2, 3));
        withMirror(wrong, mirror -> {
            assertThatThrownBy(() -> mirror.fetch(MnistFile.TEST_LABELS, folder))
                    .isInstanceOf(DataException.class)
                    .hasMessageContaining("expected SHA-256 " + MnistFile.TEST_LABELS.sha256());
        });
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void aFileWithTheRightChecksumIsStored() throws Exception {
        Path source = mnistOfThisMachine().resolve("mnist/t10k-labels-idx1-ubyte.gz");
        withMirror(Files.readAllBytes(source), mirror -> mirror.fetch(MnistFile.TEST_LABELS, folder.resolve("mnist")));

        assertThat(folder.resolve("mnist")).isDirectoryContaining("glob:**/t10k-labels-idx1-ubyte.gz");
        assertThat(folder.resolve("mnist/t10k-labels-idx1-ubyte.gz")).hasSameBinaryContentAs(source);
    }

    @Test
    void theRealFilesAreRead() throws Exception {
        DataPair mnist = new MnistFolder(mnistOfThisMachine(), NO_MIRRORS).open(new PixelScale(0.1307, 0.3081));

        assertThat(mnist.train().sampleCount()).isEqualTo(60_000);
        assertThat(mnist.test().sampleCount()).isEqualTo(10_000);
        assertThat(mnist.train().featureShape()).containsExactly(28, 28);
        assertThat(List.of(
                        mnist.train().label(0, 0),
                        mnist.train().label(1, 0),
                        mnist.test().label(0, 0)))
                .containsExactly(5, 0, 7);
        assertThat(mean(mnist.train())).isBetween(-0.001, 0.001);
    }

    private static double mean(Dataset dataset) {
        double sum = 0;
        for (int i = 0; i < dataset.sampleCount(); i++) {
            for (float value : IdxDefectsTest.features(dataset, i)) {
                sum += value;
            }
        }
        return sum / dataset.sampleCount() / dataset.featureCount();
    }

    static Path mnistOfThisMachine() {
        Optional<Path> data = Optional.ofNullable(System.getenv("TUTTI_DATA")).map(Path::of);
        boolean present = data.isPresent() && Files.exists(data.get().resolve("mnist/train-images-idx3-ubyte.gz"));
        if (!present) {
            System.out.println("Skipped: no MNIST here; set TUTTI_DATA to a folder that holds mnist/*-ubyte.gz");
        }
        assumeTrue(present, "no MNIST under TUTTI_DATA");
        return data.orElseThrow();
    }

    private interface MirrorUse {
        void with(MnistDownload mirror) throws Exception;
    }

    private static void withMirror(byte[] answer, MirrorUse use) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        server.start();
        try {
            use.with(new MnistDownload(
                    List.of(URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/"))));
        } finally {
            server.stop(0);
        }
    }
}
