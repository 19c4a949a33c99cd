package dev.tutti.worker.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Four IDX files of a user.
 *
 * @param folder what their paths were relative to, for messages
 */
record IdxFiles(Path folder, IdxPair train, IdxPair test) implements SampleSource {
    @Override
    public DataPair open(PixelScale scale) throws DataException {
        List<String> missing = Stream.of(train.images(), train.labels(), test.images(), test.labels())
                .filter(Files::notExists)
                .map(Path::toString)
                .toList();
        if (!missing.isEmpty()) {
            throw new DataException("no file " + String.join(", no file ", missing)
                    + ": relative paths of an idx source are under the data folder " + folder
                    + ", which --data DIR or the environment variable TUTTI_DATA sets");
        }
        ByteImages trainImages = train.read(0, scale);
        ByteImages testImages = test.read(trainImages.classes(), scale);
        if (!trainImages.featureShape().equals(testImages.featureShape())) {
            throw new DataException("%s has images of %s pixels, but %s of %s: expected the same"
                    .formatted(train.images(), trainImages.featureShape(), test.images(), testImages.featureShape()));
        }
        return new DataPair(trainImages, testImages);
    }
}
