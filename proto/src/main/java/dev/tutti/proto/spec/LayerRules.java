package dev.tutti.proto.spec;

import dev.tutti.proto.v1.Conv2dLayer;
import dev.tutti.proto.v1.EmbeddingLayer;
import dev.tutti.proto.v1.Layer;
import dev.tutti.proto.v1.LayerList;
import dev.tutti.proto.v1.LstmLayer;
import dev.tutti.proto.v1.PoolLayer;
import java.util.List;
import java.util.stream.Collectors;

/** The rules of lists of layers, as far as each layer can be judged alone. */
final class LayerRules {
    static final int MAX_LAYERS = 1000;

    private final Problems problems;
    private int count;

    LayerRules(Problems problems) {
        this.problems = problems;
    }

    /** @param path of the list */
    void check(String path, List<Layer> layers) {
        if (layers.isEmpty()) {
            problems.add(path, "must have a layer at least");
        }
        for (int i = 0; i < layers.size(); i++) {
            count++;
            if (count == MAX_LAYERS + 1) {
                problems.add("model.layers", "must be at most " + MAX_LAYERS + " layers, those of branches included");
            }
            layer(path + "[" + i + "]", layers.get(i));
        }
    }

    private void layer(String path, Layer layer) {
        switch (layer.getKindCase()) {
            case DENSE -> problems.count(path + ".dense.units", layer.getDense().getUnits());
            case CONV2D -> conv2d(path + ".conv2d", layer.getConv2D());
            case MAX_POOL -> pool(path + ".max-pool", layer.getMaxPool());
            case AVERAGE_POOL -> pool(path + ".average-pool", layer.getAveragePool());
            case DROPOUT ->
                problems.fraction(path + ".dropout.rate", layer.getDropout().getRate());
            case LAYER_NORM ->
                problems.positive(
                        path + ".layer-norm.epsilon", layer.getLayerNorm().getEpsilon());
            case BATCH_NORM ->
                problems.positive(
                        path + ".batch-norm.epsilon", layer.getBatchNorm().getEpsilon());
            case EMBEDDING -> embedding(path + ".embedding", layer.getEmbedding());
            case POSITIONS ->
                problems.choice(
                        path + ".positions.encoding",
                        layer.getPositions().getEncoding(),
                        List.of("learned", "sinusoidal"));
            case ATTENTION ->
                problems.count(path + ".attention.heads", layer.getAttention().getHeads());
            case LSTM -> lstm(path + ".lstm", layer.getLstm());
            case RESHAPE -> {
                if (layer.getReshape().getShapeCount() == 0) {
                    problems.add(path + ".reshape.shape", Problems.MISSING);
                }
                problems.counts(path + ".reshape.shape", layer.getReshape().getShapeList());
            }
            case RESIDUAL -> check(path + ".residual", layer.getResidual().getLayersList());
            case CONCAT -> branches(path + ".concat", layer.getConcat().getBranchesList());
            case FLATTEN, RELU, GELU, TANH, SIGMOID, SOFTMAX, MEAN, TIED_DENSE -> {
                // Nothing to say about them.
            }
            case KIND_NOT_SET ->
                problems.add(
                        path,
                        "is empty; known layers: "
                                + Layer.getDescriptor().getFields().stream()
                                        .map(field -> field.getName().replace('_', '-'))
                                        .collect(Collectors.joining(", ")));
        }
    }

    private void conv2d(String path, Conv2dLayer conv) {
        problems.count(path + ".filters", conv.getFilters());
        pair(path + ".kernel", conv.getKernelList());
        pair(path + ".stride", conv.getStrideList());
        pair(path + ".padding", conv.getPaddingList());
        problems.count(path + ".groups", conv.getGroups());
    }

    private void pool(String path, PoolLayer pool) {
        pair(path + ".size", pool.getSizeList());
        if (pool.getSizeCount() > 0) {
            pair(path + ".stride", pool.getStrideList());
        }
        pair(path + ".padding", pool.getPaddingList());
    }

    private void embedding(String path, EmbeddingLayer embedding) {
        problems.count(path + ".width", embedding.getWidth());
        if (embedding.hasVocabulary()) {
            problems.count(path + ".vocabulary", embedding.getVocabulary());
        }
    }

    private void lstm(String path, LstmLayer lstm) {
        problems.count(path + ".hidden", lstm.getHidden());
        problems.count(path + ".layers", lstm.getLayers());
    }

    private void branches(String path, List<LayerList> branches) {
        if (branches.size() < 2) {
            problems.add(path, "must have two branches at least, got " + branches.size());
        }
        for (int i = 0; i < branches.size(); i++) {
            check(path + "[" + i + "]", branches.get(i).getLayersList());
        }
    }

    private void pair(String path, List<Integer> sizes) {
        if (sizes.isEmpty()) {
            problems.add(path, Problems.MISSING);
        } else if (sizes.size() > 2) {
            problems.add(path, "must be height and width, or one number for both, got " + sizes.size() + " numbers");
        }
        problems.counts(path, sizes);
    }
}
