package dev.tutti.worker.data;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;

/** The known source {@code mnist}: four files in {@code DIR/mnist}, gzipped or not; downloaded if they are missing. */
record MnistFolder(Path dataFolder, MnistDownload download) implements SampleSource {
    private static final int CLASSES = 10;

    @Override
    public DataPair open(PixelScale scale) throws DataException, InterruptedException {
        Set<MnistFile> missing = missing();
        if (!missing.isEmpty()) {
            fetch(missing);
        }
        return new DataPair(
                pair(MnistFile.TRAIN_IMAGES, MnistFile.TRAIN_LABELS).read(CLASSES, scale),
                pair(MnistFile.TEST_IMAGES, MnistFile.TEST_LABELS).read(CLASSES, scale));
    }

    private Path folder() {
        return dataFolder.resolve("mnist");
    }

    private Set<MnistFile> missing() {
        return Arrays.stream(MnistFile.values())
                .filter(file -> file.in(folder()).isEmpty())
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(MnistFile.class)));
    }

    private void fetch(Set<MnistFile> missing) throws DataException, InterruptedException {
        try {
            for (MnistFile file : missing) {
                download.fetch(file, folder());
            }
        } catch (DataException e) {
            throw new DataException(whatToPutWhere(missing) + "; it was not downloaded either: " + e.sentence(), e);
        }
    }

    private String whatToPutWhere(Set<MnistFile> missing) {
        return "mnist is missing %s: put %s into %s, each as it is or with .gz, or name another data folder DIR (with DIR/mnist/%s[.gz] and so on) with --data DIR or the environment variable TUTTI_DATA"
                .formatted(
                        names(missing),
                        names(EnumSet.allOf(MnistFile.class)),
                        folder(),
                        MnistFile.TRAIN_IMAGES.fileName());
    }

    private static String names(Set<MnistFile> files) {
        return files.stream().map(MnistFile::fileName).collect(Collectors.joining(", "));
    }

    private IdxPair pair(MnistFile images, MnistFile labels) throws DataException {
        return new IdxPair(path(images), path(labels));
    }

    private Path path(MnistFile file) throws DataException {
        return file.in(folder()).orElseThrow(() -> new DataException(whatToPutWhere(EnumSet.of(file))));
    }
}
