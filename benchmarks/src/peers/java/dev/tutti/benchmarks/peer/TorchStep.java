package dev.tutti.benchmarks.peer;

import static org.bytedeco.pytorch.global.torch.clear_cache;
import static org.bytedeco.pytorch.global.torch.cross_entropy_loss;
import static org.bytedeco.pytorch.global.torch.set_autocast_dtype;
import static org.bytedeco.pytorch.global.torch.set_autocast_enabled;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Forward, backward and optimizer in libtorch, eager; with bf16, under its autocast. */
final class TorchStep implements Runnable {
    /** As ours, and as small: see there. */
    private static final double RATE = 1e-7;

    private final TorchNets net;
    private final Optimizer optimizer;
    private final boolean bf16;

    TorchStep(String model, boolean bf16) {
        this.net = TorchNets.named(model);
        this.bf16 = bf16;
        this.optimizer = model.equals("lenet")
                ? new SGD(net.module.parameters(), new SGDOptions(RATE))
                : new Adam(net.module.parameters(), new AdamOptions(RATE));
    }

    @Override
    public void run() {
        try (PointerScope _ = new PointerScope()) {
            optimizer.zero_grad();
            Tensor loss = cross_entropy_loss(logits(), net.labels);
            loss.backward();
            optimizer.step();
        }
    }

    private Tensor logits() {
        if (!bf16) {
            return net.forward();
        }
        set_autocast_dtype(DeviceType.CPU, ScalarType.BFloat16);
        set_autocast_enabled(DeviceType.CPU, true);
        Tensor logits = net.forward();
        set_autocast_enabled(DeviceType.CPU, false);
        clear_cache();
        return logits.to(ScalarType.Float);
    }
}
