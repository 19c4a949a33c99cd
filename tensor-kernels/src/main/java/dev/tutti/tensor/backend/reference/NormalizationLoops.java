package dev.tutti.tensor.backend.reference;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.ImageLayout;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import java.util.List;

record NormalizationLoops(TensorValues tensors) {
    Kernel bind(NormalizationOp op, List<Tensor> results) {
        Values y = tensors.of(results.getFirst());
        return switch (op) {
            case NormalizationOp.Softmax(var x) ->
                softmax(tensors.of(x), x.shape().last(), y);
            case NormalizationOp.SoftmaxGradient(var gradient, var output) ->
                softmaxGradient(
                        tensors.of(gradient), tensors.of(output), output.shape().last(), y);
            case NormalizationOp.LayerNorm(var x, var gamma, var beta, float epsilon) -> {
                Groups groups = Groups.rows(x.shape());
                yield normalize(groups, tensors.of(x), scaledBy(groups, gamma, beta), epsilon, results);
            }
            case NormalizationOp.LayerNormGradient(var gradient, var x, var gamma, var mean, var inverseDeviation) ->
                gradient(Groups.rows(x.shape()), new Inputs(gradient, x, gamma, mean, inverseDeviation), results);
            case NormalizationOp.BatchNorm(var x, var gamma, var beta, var _, var _, float epsilon, var layout) -> {
                Groups groups = Groups.channels(x.shape(), layout);
                yield normalize(groups, tensors.of(x), scaledBy(groups, gamma, beta), epsilon, results);
            }
            case NormalizationOp.BatchNormGradient(
                    var gradient,
                    var x,
                    var gamma,
                    var mean,
                    var inverseDeviation,
                    var layout) ->
                gradient(
                        Groups.channels(x.shape(), layout),
                        new Inputs(gradient, x, gamma, mean, inverseDeviation),
                        results);
            case NormalizationOp.BatchNormInference(
                    var x,
                    var gamma,
                    var beta,
                    var mean,
                    var variance,
                    float epsilon,
                    var layout) -> {
                Groups groups = Groups.channels(x.shape(), layout);
                Values values = tensors.of(x);
                Values means = tensors.of(mean);
                Values variances = tensors.of(variance);
                Scaling scaling = scaledBy(groups, gamma, beta);
                yield () -> groups.forEach((group, i) -> {
                    double deviation = StrictMath.sqrt(variances.get(group) + epsilon);
                    y.set(i, scaling.apply(group, i, (values.get(i) - means.get(group)) / deviation));
                });
            }
        };
    }

    private static Kernel softmax(Values x, int columns, Values y) {
        return () -> {
            for (long row = 0; row < x.count(); row += columns) {
                double max = Double.NEGATIVE_INFINITY;
                for (int c = 0; c < columns; c++) {
                    max = Math.max(max, x.get(row + c));
                }
                double sum = 0;
                for (int c = 0; c < columns; c++) {
                    sum += StrictMath.exp(x.get(row + c) - max);
                }
                for (int c = 0; c < columns; c++) {
                    y.set(row + c, StrictMath.exp(x.get(row + c) - max) / sum);
                }
            }
        };
    }

    private static Kernel softmaxGradient(Values gradient, Values output, int columns, Values y) {
        return () -> {
            for (long row = 0; row < y.count(); row += columns) {
                double sum = 0;
                for (int c = 0; c < columns; c++) {
                    sum += gradient.get(row + c) * output.get(row + c);
                }
                for (int c = 0; c < columns; c++) {
                    y.set(row + c, output.get(row + c) * (gradient.get(row + c) - sum));
                }
            }
        };
    }

    /** What is normalized together: element k of a group lies at {@link #index}; with no pixels, a channel is one run. */
    private record Groups(int count, int size, boolean channels, int pixels) {
        static Groups rows(Shape shape) {
            return new Groups(Math.toIntExact(shape.elementCount() / shape.last()), shape.last(), false, 1);
        }

        static Groups channels(Shape shape, ImageLayout layout) {
            if (layout == ImageLayout.SAMPLES_LAST) {
                int channels = layout.channels(shape);
                return new Groups(channels, Math.toIntExact(shape.elementCount() / channels), true, 0);
            }
            int count = shape.size(1);
            int pixels = Math.toIntExact(shape.elementCount() / ((long) shape.size(0) * count));
            return new Groups(count, shape.size(0) * pixels, true, pixels);
        }

        long index(int group, int k) {
            return channels && pixels > 0
                    ? ((long) k / pixels * count + group) * pixels + k % pixels
                    : (long) group * size + k;
        }

        /** The index of gamma and beta for an element. */
        int parameter(int group, long index) {
            return channels ? group : (int) (index % size);
        }

        void forEach(Element element) {
            for (int group = 0; group < count; group++) {
                for (int k = 0; k < size; k++) {
                    element.at(group, index(group, k));
                }
            }
        }
    }

    @FunctionalInterface
    private interface Element {
        void at(int group, long index);
    }

    private record Scaling(Groups groups, Values gamma, Values beta) {
        double apply(int group, long index, double normalized) {
            int parameter = groups.parameter(group, index);
            return normalized * gamma.get(parameter) + beta.get(parameter);
        }
    }

    private Scaling scaledBy(Groups groups, Tensor gamma, Tensor beta) {
        return new Scaling(groups, tensors.of(gamma), tensors.of(beta));
    }

    private Kernel normalize(Groups groups, Values x, Scaling scaling, double epsilon, List<Tensor> results) {
        Values y = tensors.of(results.get(0));
        Values means = tensors.of(results.get(1));
        Values inverseDeviations = tensors.of(results.get(2));
        return () -> {
            for (int group = 0; group < groups.count(); group++) {
                double mean = 0;
                for (int k = 0; k < groups.size(); k++) {
                    mean += x.get(groups.index(group, k)) / groups.size();
                }
                double variance = 0;
                for (int k = 0; k < groups.size(); k++) {
                    variance += StrictMath.pow(x.get(groups.index(group, k)) - mean, 2) / groups.size();
                }
                double inverseDeviation = 1 / StrictMath.sqrt(variance + epsilon);
                means.set(group, mean);
                inverseDeviations.set(group, inverseDeviation);
                if (results.size() > 3) {
                    double unbiased = groups.size() > 1 ? variance * groups.size() / (groups.size() - 1) : variance;
                    tensors.of(results.get(3)).set(group, unbiased);
                }
                for (int k = 0; k < groups.size(); k++) {
                    long index = groups.index(group, k);
                    y.set(index, scaling.apply(group, index, (x.get(index) - mean) * inverseDeviation));
                }
            }
        };
    }

    private record Inputs(Tensor gradient, Tensor x, Tensor gamma, Tensor mean, Tensor inverseDeviation) {}

    /** dx = inverseDeviation · (g − mean(g) − x̂ · mean(g · x̂)), g = gradient · gamma, means over a group. */
    private Kernel gradient(Groups groups, Inputs inputs, List<Tensor> results) {
        Values gradient = tensors.of(inputs.gradient);
        Values x = tensors.of(inputs.x);
        Values gamma = tensors.of(inputs.gamma);
        Values means = tensors.of(inputs.mean);
        Values inverseDeviations = tensors.of(inputs.inverseDeviation);
        Values dx = tensors.of(results.get(0));
        Values dgamma = tensors.of(results.get(1));
        Values dbeta = tensors.of(results.get(2));
        return () -> {
            double[] gammaSums = new double[Math.toIntExact(dgamma.count())];
            double[] betaSums = new double[gammaSums.length];
            for (int group = 0; group < groups.count(); group++) {
                double mean = means.get(group);
                double inverseDeviation = inverseDeviations.get(group);
                double sum = 0;
                double product = 0;
                for (int k = 0; k < groups.size(); k++) {
                    long index = groups.index(group, k);
                    int parameter = groups.parameter(group, index);
                    double normalized = (x.get(index) - mean) * inverseDeviation;
                    gammaSums[parameter] += gradient.get(index) * normalized;
                    betaSums[parameter] += gradient.get(index);
                    sum += gradient.get(index) * gamma.get(parameter) / groups.size();
                    product += gradient.get(index) * gamma.get(parameter) * normalized / groups.size();
                }
                for (int k = 0; k < groups.size(); k++) {
                    long index = groups.index(group, k);
                    double normalized = (x.get(index) - mean) * inverseDeviation;
                    double scaled = gradient.get(index) * gamma.get(groups.parameter(group, index));
                    dx.set(index, inverseDeviation * (scaled - sum - normalized * product));
                }
            }
            for (int parameter = 0; parameter < gammaSums.length; parameter++) {
                dgamma.set(parameter, gammaSums[parameter]);
                dbeta.set(parameter, betaSums[parameter]);
            }
        };
    }
}
