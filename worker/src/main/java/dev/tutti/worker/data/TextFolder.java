package dev.tutti.worker.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A known text: all {@code DIR/name/*.txt} in the order of their names, joined. */
record TextFolder(Path dataFolder, String name, TextCut cut) implements SampleSource {
    @Override
    public DataPair open(PixelScale scale) throws DataException, InterruptedException {
        Path folder = dataFolder.resolve(name);
        List<Path> files = texts(folder);
        if (files.isEmpty()) {
            throw new DataException(
                    "%1$s is missing: put its text into %2$s as one .txt file or several, which are joined in the order of their names, or name another data folder DIR (with DIR/%1$s/input.txt) with --data DIR or the environment variable TUTTI_DATA"
                            .formatted(name, folder));
        }
        return cut.read(files);
    }

    private static List<Path> texts(Path folder) throws DataException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().endsWith(".txt"))
                    .filter(Files::isRegularFile)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new DataException(folder + " cannot be read: " + e.getMessage(), e);
        }
    }
}
