package dev.tutti.tensor.backend.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The kernels as they are compiled: families of them in one source each, behind what they have in common. */
enum KernelSources {
    ELEMENTWISE("elementwise.cu"),
    LAYOUT("layout.cu"),
    LOSS("loss.cu"),
    NORMALIZATION("normalization.cu"),
    LAYER_NORM("rows.cuh layer_norm.cu"),
    SEQUENCE("sequence.cu"),
    LSTM("lstm.cu"),
    IMAGES("window.cuh images.cu"),
    CONVOLUTION("mma.cuh product.cuh window.cuh convolution.cu"),
    MATMUL("mma.cuh product.cuh matmul.cu"),
    OPTIMIZER("optimizer.cu"),
    ATTENTION("mma.cuh heads.cuh tiles.cuh attention.cu"),
    ATTENTION_GRADIENT("mma.cuh heads.cuh tiles.cuh attention_gradient.cu"),
    ATTENTION_ROWS("heads.cuh attention_rows.cu");

    /** With spaces between them. */
    private final String files;

    KernelSources(String files) {
        this.files = files;
    }

    /** CUDA C++, without includes on a device. */
    String text() {
        return Stream.concat(Stream.of("device.cuh", "common.cuh"), Stream.of(files.split(" ", -1)))
                .map(KernelSources::read)
                .collect(Collectors.joining("\n"));
    }

    private static String read(String file) {
        try (InputStream stream = KernelSources.class.getResourceAsStream(file)) {
            if (stream == null) {
                throw new IllegalStateException("this installation has no " + file);
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
