package dev.tutti.it.simulation;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * A model and how long it takes.
 *
 * @param layers from input to output; their parameters lie in this order
 * @param seconds of one slice's (or of one leased batch's) forward and backward pass, on average. A third is the forward pass.
 */
record Workload(String name, List<Layer> layers, double seconds) {
    private static final double FORWARD_SHARE = 1.0 / 3;

    /** @param weight its part of the backward pass, relative to other layers' */
    record Layer(int parameters, double weight) {}

    /** Blocks of about equal arithmetic: the late ones have few pixels and most of the parameters. */
    static Workload resNet50() {
        int[] blocks = {
            9_536, 75_008, 70_400, 70_400, 379_392, 280_064, 280_064, 280_064, 1_512_448, 1_117_184, 1_117_184,
            1_117_184, 1_117_184, 1_117_184, 6_039_552, 4_462_592, 4_462_592
        };
        Stream<Layer> classifier = Stream.of(new Layer(2_049_000, 0.05));
        return new Workload(
                "ResNet-50, 25.6 M parameters",
                Stream.concat(Arrays.stream(blocks).mapToObj(size -> new Layer(size, 1)), classifier)
                        .toList(),
                0.2);
    }

    /** Twelve layers of width 768 behind an embedding, whose gradient is final last. */
    static Workload transformer() {
        Stream<Layer> embedding = Stream.of(new Layer(39_383_808, 1));
        Stream<Layer> layers = Stream.generate(() -> new Layer(7_087_872, 1)).limit(12);
        return new Workload(
                "transformer, 124 M parameters",
                Stream.concat(embedding, layers).toList(),
                1);
    }

    /** examples/mnist-mlp.yaml. */
    static Workload mnistMlp(double seconds) {
        return new Workload(
                "mnist-mlp",
                Stream.of(784 * 256 + 256, 256 * 128 + 128, 128 * 64 + 64, 64 * 10 + 10)
                        .map(size -> new Layer(size, size))
                        .toList(),
                seconds);
    }

    /** All gradients are final at once, when the backward pass ends. */
    static Workload oneLayer(int parameters, double seconds) {
        return new Workload("one layer", List.of(new Layer(parameters, 1)), seconds);
    }

    Workload withSeconds(double other) {
        return new Workload(name, layers, other);
    }

    long parameters() {
        return layers.stream().mapToLong(Layer::parameters).sum();
    }

    double forwardSeconds() {
        return seconds * FORWARD_SHARE;
    }

    double backwardSeconds(int layer) {
        double all = layers.stream().mapToDouble(Layer::weight).sum();
        return seconds * (1 - FORWARD_SHARE) * layers.get(layer).weight / all;
    }
}
