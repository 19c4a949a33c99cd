package dev.tutti.worker.data;

import dev.tutti.proto.digest.Sha256;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gets MNIST's files from public mirrors. What comes is not trusted: it is written aside, and gets its name only if the unpacked bytes have
 * the known SHA-256.
 *
 * @param mirrors folders that hold the gzipped files, each ending in a slash, tried in order
 */
public record MnistDownload(List<URI> mirrors) {
    public static final List<URI> PUBLIC_MIRRORS =
            List.of(URI.create("https://ossci-datasets.s3.amazonaws.com/mnist/"));

    private static final Logger LOG = LoggerFactory.getLogger(MnistDownload.class);
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);
    private static final Duration FILE_TIMEOUT = Duration.ofSeconds(60);
    private static final int MAX_BYTE_SIZE = 16 << 20;

    public MnistDownload {
        mirrors = List.copyOf(mirrors);
    }

    /**
     * Stores one file, gzipped, under its own name in the folder.
     *
     * @throws DataException naming each mirror and what it did
     */
    void fetch(MnistFile file, Path folder) throws DataException, InterruptedException {
        if (mirrors.isEmpty()) {
            throw new DataException("no mirror is configured");
        }
        List<String> failures = new ArrayList<>();
        try (HttpClient client = HttpClient.newBuilder()
                .connectTimeout(CONNECT_TIMEOUT)
                .followRedirects(HttpClient.Redirect.NORMAL)
                .build()) {
            for (URI mirror : mirrors) {
                URI uri = mirror.resolve(file.fileName() + ".gz");
                LOG.info("Downloading {}", uri);
                try {
                    store(request(client, uri), file, folder);
                    return;
                } catch (IOException e) {
                    LOG.info("Downloading {} failed: {}", uri, reason(e));
                    failures.add(uri + ": " + reason(e));
                }
            }
        }
        throw new DataException(String.join("; ", failures));
    }

    private static byte[] request(HttpClient client, URI uri) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(uri).timeout(FILE_TIMEOUT).build();
        HttpResponse<InputStream> response = client.send(request, HttpResponse.BodyHandlers.ofInputStream());
        try (InputStream body = response.body()) {
            if (response.statusCode() != 200) {
                throw new IOException("HTTP status " + response.statusCode());
            }
            byte[] bytes = body.readNBytes(MAX_BYTE_SIZE + 1);
            if (bytes.length > MAX_BYTE_SIZE) {
                throw new IOException("expected at most " + MAX_BYTE_SIZE + " bytes, got more");
            }
            return bytes;
        }
    }

    private static void store(byte[] gzipped, MnistFile file, Path folder) throws IOException {
        String got = unpackedSha256(gzipped, file.byteSize());
        if (!got.equals(file.sha256())) {
            throw new IOException("expected SHA-256 " + file.sha256() + " of the unpacked file, got " + got);
        }
        Files.createDirectories(folder);
        Path aside = Files.createTempFile(folder, file.fileName(), ".part");
        try {
            Files.write(aside, gzipped);
            Files.move(aside, folder.resolve(file.fileName() + ".gz"), StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(aside);
        }
    }

    private static String unpackedSha256(byte[] gzipped, long expectedByteSize) throws IOException {
        Sha256 digest = new Sha256();
        byte[] buffer = new byte[1 << 16];
        long left = expectedByteSize + 1;
        try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(gzipped), 1 << 16)) {
            int read;
            while (left > 0 && (read = in.read(buffer, 0, (int) Math.min(left, buffer.length))) > 0) {
                digest.update(ByteBuffer.wrap(buffer, 0, read));
                left -= read;
            }
        }
        return digest.hex();
    }

    private static String reason(IOException e) {
        String message = e.getMessage();
        return message == null ? "no connection (" + e.getClass().getSimpleName() + ")" : message;
    }
}
