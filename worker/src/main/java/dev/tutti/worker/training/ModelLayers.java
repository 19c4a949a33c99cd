package dev.tutti.worker.training;

import dev.tutti.proto.v1.Conv2dLayer;
import dev.tutti.proto.v1.EmbeddingLayer;
import dev.tutti.proto.v1.LstmLayer;
import dev.tutti.proto.v1.PoolLayer;
import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.Window;
import dev.tutti.tensor.model.Layer;
import dev.tutti.worker.data.DataException;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A job's own layers as the kernels know them.
 *
 * @param vocabulary of an embedding that says nothing of it
 * @param embeddingDeviation of the first values of embeddings
 */
record ModelLayers(int vocabulary, float embeddingDeviation) {
    /** @param classes what the data has: of a text its different tokens */
    static List<Layer> of(List<dev.tutti.proto.v1.Layer> layers, int classes) {
        return new ModelLayers(
                        classes, isTied(layers) ? Layer.Embedding.SMALL_DEVIATION : Layer.Embedding.UNIT_DEVIATION)
                .list(layers);
    }

    /**
     * That every token of a text has its row in every embedding: each reads the text's tokens, as no layer makes others.
     *
     * @param path of the list
     * @throws DataException naming the embedding's place in the job file
     */
    static void requireVocabulary(String path, List<dev.tutti.proto.v1.Layer> layers, int tokens) throws DataException {
        for (int i = 0; i < layers.size(); i++) {
            dev.tutti.proto.v1.Layer layer = layers.get(i);
            String here = path + "[" + i + "]";
            EmbeddingLayer embedding = layer.getEmbedding();
            if (embedding.hasVocabulary() && embedding.getVocabulary() < tokens) {
                throw new DataException(
                        "%s.embedding.vocabulary: expected at least the %d different tokens of the text, got %d"
                                .formatted(here, tokens, embedding.getVocabulary()));
            }
            requireVocabulary(here + ".residual", layer.getResidual().getLayersList(), tokens);
            for (int branch = 0; branch < layer.getConcat().getBranchesCount(); branch++) {
                requireVocabulary(
                        here + ".concat[" + branch + "]",
                        layer.getConcat().getBranches(branch).getLayersList(),
                        tokens);
            }
        }
    }

    private static boolean isTied(List<dev.tutti.proto.v1.Layer> layers) {
        return layers.stream()
                .anyMatch(layer -> layer.hasTiedDense()
                        || isTied(layer.getResidual().getLayersList())
                        || layer.getConcat().getBranchesList().stream()
                                .anyMatch(branch -> isTied(branch.getLayersList())));
    }

    private List<Layer> list(List<dev.tutti.proto.v1.Layer> layers) {
        return layers.stream().flatMap(this::layer).toList();
    }

    private Stream<Layer> layer(dev.tutti.proto.v1.Layer layer) {
        return layer.hasLstm() ? stacked(layer.getLstm()) : Stream.of(single(layer));
    }

    private Layer single(dev.tutti.proto.v1.Layer layer) {
        return switch (layer.getKindCase()) {
            case DENSE -> new Layer.Dense(layer.getDense().getUnits());
            case CONV2D -> conv2d(layer.getConv2D());
            case MAX_POOL -> new Layer.MaxPool(window(layer.getMaxPool()));
            case AVERAGE_POOL -> new Layer.AveragePool(window(layer.getAveragePool()));
            case FLATTEN -> new Layer.Flatten();
            case RELU -> new Layer.Activate(Activation.RELU);
            case GELU -> new Layer.Activate(Activation.GELU);
            case TANH -> new Layer.Activate(Activation.TANH);
            case SIGMOID -> new Layer.Activate(Activation.SIGMOID);
            case SOFTMAX -> new Layer.Softmax();
            case DROPOUT -> new Layer.Dropout((float) layer.getDropout().getRate());
            case LAYER_NORM -> new Layer.LayerNorm((float) layer.getLayerNorm().getEpsilon());
            case BATCH_NORM -> new Layer.BatchNorm((float) layer.getBatchNorm().getEpsilon());
            case EMBEDDING -> embedding(layer.getEmbedding());
            case POSITIONS -> new Layer.Positions(encoding(layer.getPositions().getEncoding()));
            case ATTENTION ->
                new Layer.Attention(
                        layer.getAttention().getHeads(), layer.getAttention().getCausal());
            case MEAN -> new Layer.Mean();
            case RESHAPE -> new Layer.Reshape(layer.getReshape().getShapeList());
            case RESIDUAL -> new Layer.Residual(list(layer.getResidual().getLayersList()));
            case CONCAT ->
                new Layer.Concat(layer.getConcat().getBranchesList().stream()
                        .map(branch -> list(branch.getLayersList()))
                        .toList());
            case TIED_DENSE -> new Layer.TiedDense();
            case LSTM, KIND_NOT_SET ->
                throw new IllegalArgumentException("model.layers: expected a layer, got " + layer);
        };
    }

    static Layer.Positions.Encoding encoding(String name) {
        return switch (name) {
            case "learned" -> Layer.Positions.Encoding.LEARNED;
            case "sinusoidal" -> Layer.Positions.Encoding.SINUSOIDAL;
            default ->
                throw new IllegalArgumentException(
                        "the encoding of positions: expected learned or sinusoidal, got \"" + name + "\"");
        };
    }

    /** All times are given on but by the last one, which is asked. */
    private static Stream<Layer> stacked(LstmLayer lstm) {
        int last = lstm.getLayers() - 1;
        return IntStream.rangeClosed(0, last)
                .mapToObj(layer -> new Layer.Lstm(lstm.getHidden(), layer < last || lstm.getSequences()));
    }

    private Layer embedding(EmbeddingLayer embedding) {
        return new Layer.Embedding(
                embedding.hasVocabulary() ? embedding.getVocabulary() : vocabulary,
                embedding.getWidth(),
                embeddingDeviation,
                embedding.getSparse());
    }

    private static Layer conv2d(Conv2dLayer conv) {
        return new Layer.Conv2d(
                conv.getFilters(),
                window(conv.getKernelList(), conv.getStrideList(), conv.getPaddingList()),
                conv.getGroups());
    }

    private static Window window(PoolLayer pool) {
        return window(pool.getSizeList(), pool.getStrideList(), pool.getPaddingList());
    }

    /** Each is height and width, or one number for both. */
    private static Window window(List<Integer> size, List<Integer> stride, List<Integer> padding) {
        return new Window(
                size.getFirst(),
                size.getLast(),
                stride.getFirst(),
                stride.getLast(),
                padding.getFirst(),
                padding.getLast());
    }
}
