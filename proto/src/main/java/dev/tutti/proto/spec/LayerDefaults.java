package dev.tutti.proto.spec;

import dev.tutti.proto.v1.Branches;
import dev.tutti.proto.v1.Conv2dLayer;
import dev.tutti.proto.v1.Layer;
import dev.tutti.proto.v1.LayerList;
import dev.tutti.proto.v1.Model;
import dev.tutti.proto.v1.NormLayer;
import dev.tutti.proto.v1.PoolLayer;
import java.util.List;

/** What layers mean when they leave something out: PyTorch's defaults. */
final class LayerDefaults {
    private static final double NORM_EPSILON = 1e-5;

    private LayerDefaults() {}

    static Model fill(Model model) {
        return model.toBuilder()
                .clearLayers()
                .addAllLayers(fill(model.getLayersList()))
                .build();
    }

    private static List<Layer> fill(List<Layer> layers) {
        return layers.stream().map(LayerDefaults::fill).toList();
    }

    private static LayerList fill(LayerList list) {
        return LayerList.newBuilder().addAllLayers(fill(list.getLayersList())).build();
    }

    private static Layer fill(Layer layer) {
        Layer.Builder filled = layer.toBuilder();
        return switch (layer.getKindCase()) {
            case CONV2D -> filled.setConv2D(fill(layer.getConv2D())).build();
            case MAX_POOL -> filled.setMaxPool(fill(layer.getMaxPool())).build();
            case AVERAGE_POOL ->
                filled.setAveragePool(fill(layer.getAveragePool())).build();
            case LAYER_NORM -> filled.setLayerNorm(fill(layer.getLayerNorm())).build();
            case BATCH_NORM -> filled.setBatchNorm(fill(layer.getBatchNorm())).build();
            case LSTM ->
                filled.setLstm(layer.getLstm().toBuilder()
                                .setLayers(
                                        layer.getLstm().hasLayers()
                                                ? layer.getLstm().getLayers()
                                                : 1))
                        .build();
            case RESIDUAL -> filled.setResidual(fill(layer.getResidual())).build();
            case CONCAT ->
                filled.setConcat(Branches.newBuilder()
                                .addAllBranches(layer.getConcat().getBranchesList().stream()
                                        .map(LayerDefaults::fill)
                                        .toList()))
                        .build();
            case DENSE,
                    FLATTEN,
                    RELU,
                    GELU,
                    TANH,
                    SIGMOID,
                    SOFTMAX,
                    DROPOUT,
                    EMBEDDING,
                    POSITIONS,
                    ATTENTION,
                    MEAN,
                    RESHAPE,
                    TIED_DENSE,
                    KIND_NOT_SET -> layer;
        };
    }

    private static Conv2dLayer fill(Conv2dLayer conv) {
        Conv2dLayer.Builder filled = conv.toBuilder().setGroups(conv.hasGroups() ? conv.getGroups() : 1);
        if (conv.getStrideCount() == 0) {
            filled.addStride(1);
        }
        if (conv.getPaddingCount() == 0) {
            filled.addPadding(0);
        }
        return filled.build();
    }

    private static PoolLayer fill(PoolLayer pool) {
        PoolLayer.Builder filled = pool.toBuilder();
        if (pool.getStrideCount() == 0) {
            filled.addAllStride(pool.getSizeList());
        }
        if (pool.getPaddingCount() == 0) {
            filled.addPadding(0);
        }
        return filled.build();
    }

    private static NormLayer fill(NormLayer norm) {
        return NormLayer.newBuilder()
                .setEpsilon(norm.hasEpsilon() ? norm.getEpsilon() : NORM_EPSILON)
                .build();
    }
}
