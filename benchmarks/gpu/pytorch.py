#!/usr/bin/env python3
"""PyTorch's times for what `tutti bench kernels` and `tutti bench step` measure, in the same sizes, on one NVIDIA GPU.

    python3 benchmarks/gpu/pytorch.py [--seconds N] [--precision bf16|f16|f32] [--skip-compile]

Needs torch and nothing else. Products and attention are in the precision given, norms and losses in f32. Operations are timed by CUDA events
recorded before and after each call; `bench kernels` records such events around each launch, and adds up what lies between them where an operation
takes several. Steps are timed by the clock, with forward, backward, optimizer and the loss read at the end, as `bench step` does.
FLOPs are counted as docs/benchmarks.md says: the products alone, causal attention by the pairs that are seen, the gradient of attention as two forwards.
"""

import argparse
import statistics
import time

try:
    import torch
    from torch import nn
    from torch.nn import functional
except ImportError as missing:
    raise SystemExit(f"pytorch.py: needs PyTorch for CUDA ({missing}): see https://pytorch.org/get-started/locally") from None

HEADS, HEAD_WIDTH, VOCABULARY = 12, 64, 50257
WIDTH = HEADS * HEAD_WIDTH
TYPES = {"bf16": torch.bfloat16, "f16": torch.float16, "f32": torch.float32}
DEVICE = "cuda"


def milliseconds(run, seconds):
    """The median of single runs, the first third of the time left out: (milliseconds, runs)."""
    times = []
    begin = time.perf_counter()
    while len(times) < 3 or time.perf_counter() - begin < seconds:
        warm = time.perf_counter() - begin >= seconds / 3
        start = torch.cuda.Event(enable_timing=True)
        end = torch.cuda.Event(enable_timing=True)
        start.record()
        run()
        end.record()
        end.synchronize()
        if warm:
            times.append(start.elapsed_time(end))
    return statistics.median(times), len(times)


def step_milliseconds(run, seconds):
    """The same by the clock; the run waits for the device itself."""
    times = []
    run()
    begin = time.perf_counter()
    while len(times) < 3 or time.perf_counter() - begin < seconds:
        before = time.perf_counter()
        run()
        if before - begin >= seconds / 3:
            times.append((time.perf_counter() - before) * 1e3)
    return statistics.median(times), len(times)


def row(name, size, measured, flops=0, count=0):
    """Prints one line. `count` is in bytes, each operand and each result once."""
    millis, runs = measured
    if flops:
        gigaflops = flops / millis * 1e-6
        speed = f"{gigaflops:.1f} GFLOP/s" if gigaflops < 1000 else f"{gigaflops / 1000:.1f} TFLOP/s"
    else:
        speed = f"{count / millis * 1e-6:.1f} GB/s"
    print(f"{name:<36}{size:<49}{f'{millis:.3f} ms median of {runs:,}':<32}{speed}", flush=True)


# --- operations ------------------------------------------------------------------------------------------------------


def matmul(n, kind, seconds):
    left = torch.randn(n, n, device=DEVICE, dtype=kind)
    right = torch.randn(n, n, device=DEVICE, dtype=kind)
    row("matmul", f"{n} × {n} × {n}", milliseconds(lambda: left @ right, seconds), flops=2 * n**3)


def attention(samples, length, kind, seconds):
    shape = (samples, HEADS, length, HEAD_WIDTH)
    query, key, value = (torch.randn(shape, device=DEVICE, dtype=kind, requires_grad=True) for _ in range(3))
    gradient = torch.randn(shape, device=DEVICE, dtype=kind)
    flops = 4 * samples * (length * (length + 1) // 2) * WIDTH
    size = f"{samples} × {length} tokens, {HEADS} heads of {HEAD_WIDTH}, causal"

    def forward():
        with torch.no_grad():
            functional.scaled_dot_product_attention(query, key, value, is_causal=True)

    def both():
        out = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        torch.autograd.grad(out, (query, key, value), gradient)

    row("attention", size, milliseconds(forward, seconds), flops=flops)
    row("attention and gradient", size, milliseconds(both, seconds), flops=3 * flops)


def layer_norm(rows, seconds):
    x = torch.randn(rows, WIDTH, device=DEVICE, requires_grad=True)
    gamma = torch.ones(WIDTH, device=DEVICE, requires_grad=True)
    beta = torch.zeros(WIDTH, device=DEVICE, requires_grad=True)
    gradient = torch.randn(rows, WIDTH, device=DEVICE)

    def forward():
        with torch.no_grad():
            functional.layer_norm(x, (WIDTH,), gamma, beta)

    def both():
        y = functional.layer_norm(x, (WIDTH,), gamma, beta)
        torch.autograd.grad(y, (x, gamma, beta), gradient)

    matrix, vector = 4 * rows * WIDTH, 4 * WIDTH
    row("layer norm", f"{rows} × {WIDTH}", milliseconds(forward, seconds), count=2 * matrix + 2 * vector)
    row("layer norm and gradient", f"{rows} × {WIDTH}", milliseconds(both, seconds), count=4 * matrix + 4 * vector)


def cross_entropy(rows, seconds):
    logits = torch.randn(rows, VOCABULARY, device=DEVICE, requires_grad=True)
    labels = torch.randint(VOCABULARY, (rows,), device=DEVICE)

    def both():
        torch.autograd.grad(functional.cross_entropy(logits, labels, reduction="sum"), logits)

    row(
        "softmax cross-entropy and gradient",
        f"{rows} × {VOCABULARY}",
        milliseconds(both, seconds),
        count=8 * rows * VOCABULARY + 4 * rows + 8,
    )


# --- models ----------------------------------------------------------------------------------------------------------


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.output = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.wide, self.narrow = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        samples, length, _ = x.shape
        qkv = self.qkv(self.norm1(x)).view(samples, length, 3, HEADS, HEAD_WIDTH)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        heads = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.output(heads.transpose(1, 2).reshape(samples, length, WIDTH))
        return x + self.narrow(functional.gelu(self.wide(self.norm2(x))))


class Gpt2(nn.Module):
    """GPT-2's smallest, 124 M: its last layer's weight is the table of tokens, with a bias, as Tutti's tied layer has one."""

    def __init__(self, length=1024, layers=12):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(length, WIDTH)
        nn.init.normal_(self.tokens.weight, std=0.02)
        nn.init.normal_(self.positions.weight, std=0.02)
        self.blocks = nn.Sequential(*(Block() for _ in range(layers)))
        self.norm = nn.LayerNorm(WIDTH)
        self.bias = nn.Parameter(torch.zeros(VOCABULARY))

    def forward(self, ids):
        x = self.tokens(ids) + self.positions.weight[: ids.shape[1]]
        return functional.linear(self.norm(self.blocks(x)), self.tokens.weight, self.bias).flatten(0, 1)


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def gpt2_flops(samples, length=1024, layers=12):
    """Of a step: three products of (tokens, in) × (in, out) for each weight, and three times attention's two."""
    tokens = samples * length
    weights = layers * 12 * WIDTH**2 + VOCABULARY * WIDTH
    pairs = samples * (length * (length + 1) // 2)
    return 6 * tokens * weights + 3 * layers * 4 * pairs * WIDTH


def lenet_flops(samples):
    """The first layer has no gradient of its input."""
    first = 28 * 28 * 6 * 25
    others = 10 * 10 * 16 * 6 * 25 + 400 * 120 + 120 * 84 + 84 * 10
    return 2 * samples * (2 * first + 3 * others)


def step(name, model, inputs, labels, optimizer, flops, kind, seconds):
    def run():
        with torch.autocast(DEVICE, dtype=kind, enabled=kind != torch.float32):
            logits = model(inputs)
        loss = functional.cross_entropy(logits.float(), labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.item()

    row("step", name, step_milliseconds(run, seconds), flops=flops)


def steps(kind, seconds, compiled):
    how = "compiled" if compiled else "eager"
    make = torch.compile if compiled else lambda model: model

    net = lenet().to(DEVICE)
    images, digits = torch.randn(64, 1, 28, 28, device=DEVICE), torch.randint(10, (64,), device=DEVICE)
    sgd = torch.optim.SGD(net.parameters(), lr=1e-7)
    step(f"lenet, batch 64, {how}", make(net), images, digits, sgd, lenet_flops(64), kind, seconds)

    net = Gpt2().to(DEVICE)
    ids = torch.randint(VOCABULARY, (4, 1024), device=DEVICE)
    labels = torch.randint(VOCABULARY, (4 * 1024,), device=DEVICE)
    adam = torch.optim.Adam(net.parameters(), lr=1e-7, fused=True)
    step(f"gpt2, batch 4, {how}", make(net), ids, labels, adam, gpt2_flops(4), kind, seconds)


def main():
    parser = argparse.ArgumentParser(description="PyTorch's times for what tutti bench measures.")
    parser.add_argument("--seconds", type=float, default=2, help="for each line, warm-up included (default: 2)")
    parser.add_argument("--precision", choices=TYPES, default="bf16", help="of products and attention (default: bf16)")
    parser.add_argument("--skip-compile", action="store_true", help="no steps by torch.compile, which takes minutes to begin")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        parser.exit(2, "torch sees no GPU\n")
    kind = TYPES[options.precision]
    print(f"torch {torch.__version__}, CUDA {torch.version.cuda}, {torch.cuda.get_device_name()}, {options.precision}")

    for n in (1024, 2048, 4096, 8192):
        matmul(n, kind, options.seconds)
    for samples, length in ((4, 1024), (1, 4096)):
        attention(samples, length, kind, options.seconds)
    for rows in (1024, 4096):
        layer_norm(rows, options.seconds)
    for rows in (1024, 4096):
        cross_entropy(rows, options.seconds)
    steps(kind, options.seconds, compiled=False)
    if not options.skip_compile:
        steps(kind, options.seconds, compiled=True)


if __name__ == "__main__":
    main()
