package dev.tutti.tensor.backend.reference;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import java.util.List;
import java.util.Optional;

record AttentionLoops(TensorValues tensors) {
    private static final int QUERY = 0;
    private static final int KEY = 1;
    private static final int VALUE = 2;

    Kernel forward(SequenceOp.Attention op, List<Tensor> results) {
        Heads heads = heads(op.qkv(), op.ignored(), op.heads(), op.causal());
        Values out = tensors.of(results.get(0));
        Values logSumExp = tensors.of(results.get(1));
        return () -> heads.forEach((b, head, t) -> {
            double max = Double.NEGATIVE_INFINITY;
            for (int s = 0; s < heads.time; s++) {
                max = heads.sees(b, t, s) ? Math.max(max, heads.score(b, head, t, s)) : max;
            }
            double sum = 0;
            for (int s = 0; s < heads.time; s++) {
                sum += heads.sees(b, t, s) ? StrictMath.exp(heads.score(b, head, t, s) - max) : 0;
            }
            double logarithm = sum == 0 ? 0 : max + StrictMath.log(sum);
            logSumExp.set(heads.row(b, head, t), logarithm);
            for (int d = 0; d < heads.size; d++) {
                double value = 0;
                for (int s = 0; s < heads.time; s++) {
                    value += heads.probability(b, head, t, s, logarithm) * heads.get(VALUE, b, head, s, d);
                }
                out.set(heads.outputIndex(b, head, t, d), value);
            }
        });
    }

    /** dv[s] = Σt p · dout[t]; dscore = p · (dout[t] · v[s] − dout[t] · out[t]); dq, dk from dscore. */
    Kernel backward(SequenceOp.AttentionGradient op, Tensor result) {
        Heads heads = heads(op.qkv(), op.ignored(), op.heads(), op.causal());
        Values gradient = tensors.of(op.gradient());
        Values out = tensors.of(op.output());
        Values logSumExp = tensors.of(op.logSumExp());
        Values y = tensors.of(result);
        return () -> {
            double[] sums = new double[Math.toIntExact(y.count())];
            heads.forEach((b, head, t) -> {
                double outDot = 0;
                for (int d = 0; d < heads.size; d++) {
                    long index = heads.outputIndex(b, head, t, d);
                    outDot += gradient.get(index) * out.get(index);
                }
                for (int s = 0; s < heads.time; s++) {
                    double p = heads.probability(b, head, t, s, logSumExp.get(heads.row(b, head, t)));
                    double valueDot = 0;
                    for (int d = 0; d < heads.size; d++) {
                        double dout = gradient.get(heads.outputIndex(b, head, t, d));
                        valueDot += dout * heads.get(VALUE, b, head, s, d);
                        sums[heads.index(VALUE, b, head, s, d)] += p * dout;
                    }
                    double dscore = p * (valueDot - outDot) * heads.scale;
                    for (int d = 0; d < heads.size; d++) {
                        sums[heads.index(QUERY, b, head, t, d)] += dscore * heads.get(KEY, b, head, s, d);
                        sums[heads.index(KEY, b, head, s, d)] += dscore * heads.get(QUERY, b, head, t, d);
                    }
                }
            });
            for (int i = 0; i < sums.length; i++) {
                y.set(i, sums[i]);
            }
        };
    }

    private Heads heads(Tensor qkv, Optional<Tensor> ignored, int heads, boolean causal) {
        Shape shape = qkv.shape();
        int width = shape.size(2) / 3;
        return new Heads(
                tensors.of(qkv),
                ignored.map(tensors::of),
                shape.size(0),
                heads,
                shape.size(1),
                width / heads,
                1 / StrictMath.sqrt((double) width / heads),
                causal);
    }

    /** Queries, keys and values as they lie together. */
    private record Heads(
            Values qkv,
            Optional<Values> ignored,
            int samples,
            int count,
            int time,
            int size,
            double scale,
            boolean causal) {
        @FunctionalInterface
        interface Query {
            void at(int sample, int head, int time);
        }

        void forEach(Query query) {
            for (int b = 0; b < samples; b++) {
                for (int head = 0; head < count; head++) {
                    for (int t = 0; t < time; t++) {
                        query.at(b, head, t);
                    }
                }
            }
        }

        boolean sees(int b, int t, int s) {
            return (!causal || s <= t) && (ignored.isEmpty() || ignored.get().get((long) b * time + s) == 0);
        }

        double score(int b, int head, int t, int s) {
            double dot = 0;
            for (int d = 0; d < size; d++) {
                dot += get(QUERY, b, head, t, d) * get(KEY, b, head, s, d);
            }
            return dot * scale;
        }

        double probability(int b, int head, int t, int s, double logSumExp) {
            return sees(b, t, s) ? StrictMath.exp(score(b, head, t, s) - logSumExp) : 0;
        }

        double get(int which, int b, int head, int t, int d) {
            return qkv.get(index(which, b, head, t, d));
        }

        int index(int which, int b, int head, int t, int d) {
            return ((b * time + t) * 3 + which) * count * size + head * size + d;
        }

        long outputIndex(int b, int head, int t, int d) {
            return ((long) b * time + t) * count * size + (long) head * size + d;
        }

        long row(int b, int head, int t) {
            return ((long) b * count + head) * time + t;
        }
    }
}
