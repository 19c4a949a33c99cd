package dev.tutti.tensor.backend.cuda;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/** Every family of kernels, with macros that have it compiled in all its branches. */
final class KernelCases {
    private KernelCases() {}

    static Stream<Arguments> all() {
        return Stream.of(
                of(KernelSources.ELEMENTWISE, "A=f32", "B=f32", "Y=f32", "FUNCTION=Gelu"),
                of(KernelSources.ELEMENTWISE, "A=bf16", "B=f16", "Y=bf16", "FUNCTION=Relu"),
                of(KernelSources.ELEMENTWISE, "A=f32", "B=bf16", "Y=f16", "FUNCTION=Tanh"),
                of(KernelSources.ELEMENTWISE, "A=f16", "B=f32", "Y=f32", "FUNCTION=Sigmoid"),
                of(KernelSources.LAYOUT, "X=f32", "Y=f32"),
                of(KernelSources.LAYOUT, "X=bf16", "Y=bf16"),
                of(KernelSources.LAYOUT, "X=f16", "Y=f32"),
                of(KernelSources.LOSS, "X=f32", "Y=f32"),
                of(KernelSources.LOSS, "X=f32", "Y=bf16"),
                of(KernelSources.NORMALIZATION, "X=f32", "G=f32", "Y=f32"),
                of(KernelSources.NORMALIZATION, "X=bf16", "G=f32", "Y=f16"),
                of(KernelSources.LAYER_NORM, "X=f32", "G=f32", "Y=f32"),
                of(KernelSources.LAYER_NORM, "X=bf16", "G=f32", "Y=f16"),
                of(KernelSources.SEQUENCE, "X=f32", "Y=f32"),
                of(KernelSources.SEQUENCE, "X=f32", "Y=bf16"),
                of(KernelSources.LSTM, "P=f32", "H=f32", "Y=f32"),
                of(KernelSources.LSTM, "P=f32", "H=bf16", "Y=bf16"),
                of(KernelSources.IMAGES, "X=f32", "Y=f32"),
                of(KernelSources.IMAGES, "X=bf16", "Y=f16"),
                of(KernelSources.CONVOLUTION, "X=f32", "Y=f32"),
                of(KernelSources.CONVOLUTION, "X=bf16", "Y=bf16"),
                of(KernelSources.CONVOLUTION, "X=f16", "Y=f32"),
                of(KernelSources.MATMUL, "X=f32", "Y=f32", "FUNCTION=Gelu"),
                of(KernelSources.MATMUL, "X=bf16", "Y=bf16", "FUNCTION=Relu"),
                of(KernelSources.MATMUL, "X=f16", "Y=f32", "FUNCTION=Identity"),
                of(KernelSources.OPTIMIZER, "RULE=Sgd"),
                of(KernelSources.OPTIMIZER, "RULE=Nesterov"),
                of(KernelSources.OPTIMIZER, "RULE=Adam"),
                of(KernelSources.OPTIMIZER, "RULE=RmsPropMomentum"),
                of(KernelSources.OPTIMIZER, "RULE=Adagrad"),
                of(KernelSources.ATTENTION, "X=bf16", "Y=f32", "SIZE=64", "OWN=2"),
                of(KernelSources.ATTENTION, "X=f16", "Y=f32", "SIZE=128", "OWN=1"),
                of(KernelSources.ATTENTION, "X=bf16", "Y=f32", "SIZE=9", "OWN=1"),
                of(KernelSources.ATTENTION_GRADIENT, "X=bf16", "Y=f32", "SIZE=64", "OWN=2"),
                of(KernelSources.ATTENTION_GRADIENT, "X=f16", "Y=f16", "SIZE=128", "OWN=1"),
                of(KernelSources.ATTENTION_GRADIENT, "X=bf16", "Y=bf16", "SIZE=9", "OWN=2"),
                of(KernelSources.ATTENTION_ROWS, "X=f32", "Y=f32"),
                of(KernelSources.ATTENTION_ROWS, "X=bf16", "Y=bf16"));
    }

    private static Arguments of(KernelSources kernels, String... macros) {
        return Arguments.of(kernels, List.of(macros));
    }
}
