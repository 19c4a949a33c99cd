package dev.tutti.proto.spec;

import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Layer;
import dev.tutti.proto.v1.Model;
import dev.tutti.proto.v1.Regularization;
import dev.tutti.proto.v1.Training;
import java.util.List;
import java.util.Optional;

/** What a sparse embedding, of which a step changes only the rows that its tokens have, does not go together with. */
final class SparseRules {
    private final Problems problems;
    /** Path of the first embedding that is sparse. */
    private Optional<String> first = Optional.empty();

    SparseRules(Problems problems) {
        this.problems = problems;
    }

    void check(JobSpec spec) {
        embeddings(spec.getModel());
        first.ifPresent(path -> {
            tied(path, spec.getModel());
            regularization(path, spec.getTraining().getRegularization());
            encoding(path, spec.getTraining());
        });
    }

    private void embeddings(Model model) {
        if (model.getSparse()) {
            sparse("model.sparse");
        }
        embeddings("model.layers", model.getLayersList());
    }

    private void embeddings(String path, List<Layer> layers) {
        for (int i = 0; i < layers.size(); i++) {
            Layer layer = layers.get(i);
            String here = path + "[" + i + "]";
            if (layer.getEmbedding().getSparse()) {
                sparse(here + ".embedding.sparse");
            }
            embeddings(here + ".residual", layer.getResidual().getLayersList());
            for (int branch = 0; branch < layer.getConcat().getBranchesCount(); branch++) {
                embeddings(
                        here + ".concat[" + branch + "]",
                        layer.getConcat().getBranches(branch).getLayersList());
            }
        }
    }

    private void sparse(String path) {
        first = first.or(() -> Optional.of(path));
    }

    private void tied(String path, Model model) {
        if (model.getTied() || isTied(model.getLayersList())) {
            problems.mismatch(
                    path,
                    "does not go together with %s: the last layer's weight has a gradient in each of its rows"
                            .formatted(model.getTied() ? "model.tied" : "tied-dense"),
                    model.getTied() ? "model.tied" : "model.layers",
                    Optional.empty());
        }
    }

    private static boolean isTied(List<Layer> layers) {
        return layers.stream()
                .anyMatch(layer -> layer.hasTiedDense()
                        || isTied(layer.getResidual().getLayersList())
                        || layer.getConcat().getBranchesList().stream()
                                .anyMatch(branch -> isTied(branch.getLayersList())));
    }

    private void regularization(String path, Regularization regularization) {
        dense("training.regularization.l1", regularization.getL1(), path);
        dense("training.regularization.l2", regularization.getL2(), path);
    }

    private void dense(String path, double value, String sparse) {
        if (value > 0) {
            problems.mismatch(
                    path,
                    ("must be 0 with %s: it changes rows that no token has; the decay of adamw can be had, of the rows a step"
                                    + " touches")
                            .formatted(sparse),
                    sparse,
                    Optional.of(path + "=0"));
        }
    }

    private void encoding(String path, Training training) {
        switch (training.getExchange().getGradients().getKindCase()) {
            case INT8, TOP_K ->
                problems.mismatch(
                        "training.exchange.gradients",
                        "must be f32, bf16 or f16 with %s: int8 and top-k keep what is lost of a row for a step in which no token may have it"
                                .formatted(path),
                        path,
                        Optional.of("training.exchange.gradients=f32"));
            case F32, BF16, F16, KIND_NOT_SET -> {
                // Rows travel as these.
            }
        }
    }
}
