package dev.tutti.worker.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A text of a user.
 *
 * @param folder what its path was relative to, for messages
 */
record TextFile(Path folder, Path file, TextCut cut) implements SampleSource {
    @Override
    public DataPair open(PixelScale scale) throws DataException, InterruptedException {
        if (Files.isDirectory(file)) {
            throw new DataException("data.source.text.path: " + file + " is a folder; name a file in it");
        }
        if (!Files.isRegularFile(file)) {
            throw new DataException("no file " + file + ": a relative path of a text source is under the data folder "
                    + folder + ", which --data DIR or the environment variable TUTTI_DATA sets");
        }
        return cut.read(List.of(file));
    }
}
