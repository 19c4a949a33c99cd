package dev.tutti.worker.data;

import dev.tutti.proto.v1.Data;
import dev.tutti.proto.v1.IdxSource;
import java.nio.file.Path;

/** Where the samples of a job come from. Equal sources give equal samples, as long as nobody changes the files. */
public sealed interface SampleSource permits MnistFolder, IdxFiles, DrawnDigits {
    /** Reads or draws all samples. May take a second, reads files, may use the network; safe to interrupt. */
    DataPair open(PixelScale scale) throws DataException, InterruptedException;

    /**
     * @param folder the data folder, to which relative paths and known names refer
     * @param seed of the job
     */
    static SampleSource of(Data data, Path folder, long seed, MnistDownload download) throws DataException {
        return switch (data.getSource().getKindCase()) {
            case NAME -> known(data.getSource().getName(), folder, seed, download);
            case IDX -> idx(data.getSource().getIdx(), folder);
            case DIGITS ->
                new DrawnDigits(
                        seed,
                        orDefault(data.getSource().getDigits().getTrain(), DrawnDigits.DEFAULT_TRAIN),
                        orDefault(data.getSource().getDigits().getTest(), DrawnDigits.DEFAULT_TEST));
            case TEXT -> throw new DataException("data.source: expected a known name, idx or digits, got text");
            case KIND_NOT_SET ->
                throw new DataException(
                        "data.source is missing: expected mnist, digits, or the files of an idx source");
        };
    }

    private static SampleSource known(String name, Path folder, long seed, MnistDownload download)
            throws DataException {
        return switch (name) {
            case "mnist" -> new MnistFolder(folder.toAbsolutePath().normalize(), download);
            case "digits" -> new DrawnDigits(seed, DrawnDigits.DEFAULT_TRAIN, DrawnDigits.DEFAULT_TEST);
            default ->
                throw new DataException("data.source: expected a known name (mnist, digits), got \"" + name + "\"");
        };
    }

    private static IdxFiles idx(IdxSource source, Path folder) {
        Path base = folder.toAbsolutePath().normalize();
        return new IdxFiles(
                base,
                new IdxPair(base.resolve(source.getTrainImages()), base.resolve(source.getTrainLabels())),
                new IdxPair(base.resolve(source.getTestImages()), base.resolve(source.getTestLabels())));
    }

    private static int orDefault(int value, int defaultValue) {
        return value == 0 ? defaultValue : value;
    }
}
