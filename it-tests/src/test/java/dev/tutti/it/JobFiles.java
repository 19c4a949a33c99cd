package dev.tutti.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Job files the tests train. */
final class JobFiles {
    private JobFiles() {}

    /** A small network on drawn digits, two slices: some seconds of training at most. */
    static Path digits(Path folder, int epochs) {
        return write(folder, """
            name: digits
            seed: 7
            model:
              preset: mlp
              hidden: [64]
            data:
              source: {digits: {train: 4000, test: 1000}}
              split: {validation: 0.1}
              transforms: [{normalize: {mean: 0.1307, std: 0.3081}}]
            training:
              epochs: %d
              batch: 64
              loss: cross-entropy
              optimizer: {adam: {rate: 0.002}}
            cluster:
              workers: {min: 1, max: 2}
              parameter-servers: 2
              slices: 2
            """.formatted(epochs));
    }

    static Path write(Path folder, String yaml) {
        try {
            return Files.writeString(Files.createTempFile(folder, "job", ".yaml"), yaml);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
