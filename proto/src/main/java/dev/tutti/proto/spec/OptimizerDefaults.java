package dev.tutti.proto.spec;

import dev.tutti.proto.v1.Adagrad;
import dev.tutti.proto.v1.Adam;
import dev.tutti.proto.v1.Adamw;
import dev.tutti.proto.v1.Optimizer;
import dev.tutti.proto.v1.Rmsprop;

/** PyTorch's, but for SGD, whose rate has none. A job that names no optimizer gets Adam. */
final class OptimizerDefaults {
    private OptimizerDefaults() {}

    static Optimizer fill(Optimizer optimizer) {
        Optimizer.Builder filled = optimizer.toBuilder();
        return switch (optimizer.getKindCase()) {
            case SGD -> optimizer;
            case ADAM, KIND_NOT_SET -> filled.setAdam(fill(optimizer.getAdam())).build();
            case ADAMW -> filled.setAdamw(fill(optimizer.getAdamw())).build();
            case RMSPROP -> filled.setRmsprop(fill(optimizer.getRmsprop())).build();
            case ADAGRAD -> filled.setAdagrad(fill(optimizer.getAdagrad())).build();
        };
    }

    private static Adam fill(Adam adam) {
        return Adam.newBuilder()
                .setRate(adam.hasRate() ? adam.getRate() : 0.001)
                .setBeta1(adam.hasBeta1() ? adam.getBeta1() : 0.9)
                .setBeta2(adam.hasBeta2() ? adam.getBeta2() : 0.999)
                .setEpsilon(adam.hasEpsilon() ? adam.getEpsilon() : 1e-8)
                .build();
    }

    private static Adamw fill(Adamw adamw) {
        return Adamw.newBuilder()
                .setRate(adamw.hasRate() ? adamw.getRate() : 0.001)
                .setBeta1(adamw.hasBeta1() ? adamw.getBeta1() : 0.9)
                .setBeta2(adamw.hasBeta2() ? adamw.getBeta2() : 0.999)
                .setEpsilon(adamw.hasEpsilon() ? adamw.getEpsilon() : 1e-8)
                .setDecay(adamw.hasDecay() ? adamw.getDecay() : 0.01)
                .build();
    }

    private static Rmsprop fill(Rmsprop rmsprop) {
        return rmsprop.toBuilder()
                .setRate(rmsprop.hasRate() ? rmsprop.getRate() : 0.01)
                .setAlpha(rmsprop.hasAlpha() ? rmsprop.getAlpha() : 0.99)
                .setEpsilon(rmsprop.hasEpsilon() ? rmsprop.getEpsilon() : 1e-8)
                .build();
    }

    private static Adagrad fill(Adagrad adagrad) {
        return adagrad.toBuilder()
                .setRate(adagrad.hasRate() ? adagrad.getRate() : 0.01)
                .setEpsilon(adagrad.hasEpsilon() ? adagrad.getEpsilon() : 1e-10)
                .build();
    }
}
