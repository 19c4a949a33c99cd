package dev.tutti.worker.data;

import dev.tutti.proto.spec.TextData;
import dev.tutti.proto.v1.DataSource;
import dev.tutti.proto.v1.IdxSource;
import dev.tutti.proto.v1.JobSpec;
import java.nio.file.Path;

/** Where the samples of a job come from. Equal sources give equal samples, as long as nobody changes the files. */
public sealed interface SampleSource permits MnistFolder, IdxFiles, DrawnDigits, TextFile, TextFolder {
    /** Reads or draws all samples. May take a second, reads files, may use the network; safe to interrupt. */
    DataPair open(PixelScale scale) throws DataException, InterruptedException;

    /**
     * @param spec with its defaults
     * @param folder the data folder, to which relative paths and known names refer
     */
    static SampleSource of(JobSpec spec, Path folder, MnistDownload download) throws DataException {
        DataSource source = spec.getData().getSource();
        Path base = folder.toAbsolutePath().normalize();
        return switch (source.getKindCase()) {
            case NAME -> known(spec, base, download);
            case IDX -> idx(source.getIdx(), base);
            case DIGITS ->
                new DrawnDigits(
                        spec.getSeed(),
                        source.getDigits().getTrain(),
                        source.getDigits().getTest());
            case TEXT -> new TextFile(base, base.resolve(source.getText().getPath()), TextCut.of(spec));
            case KIND_NOT_SET ->
                throw new DataException(
                        "data.source is missing: expected mnist, digits, tinyshakespeare, or the files of an idx or"
                                + " text source");
        };
    }

    private static SampleSource known(JobSpec spec, Path base, MnistDownload download) throws DataException {
        String name = spec.getData().getSource().getName();
        return switch (name) {
            case "mnist" -> new MnistFolder(base, download);
            case "digits" -> new DrawnDigits(spec.getSeed(), DrawnDigits.DEFAULT_TRAIN, DrawnDigits.DEFAULT_TEST);
            case TextData.TINY_SHAKESPEARE -> new TextFolder(base, name, TextCut.of(spec));
            default ->
                throw new DataException(
                        "data.source: expected a known name (mnist, digits, tinyshakespeare), got \"" + name + "\"");
        };
    }

    private static IdxFiles idx(IdxSource source, Path base) {
        return new IdxFiles(
                base,
                new IdxPair(base.resolve(source.getTrainImages()), base.resolve(source.getTrainLabels())),
                new IdxPair(base.resolve(source.getTestImages()), base.resolve(source.getTestLabels())));
    }
}
