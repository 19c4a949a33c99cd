package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.Parameter;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.lowering.MemoryPlan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Where each tensor of a program lies on the device: in the program's own block, or among the parameters or the gradients. Owns all three, and what launches need besides. */
final class DeviceMemory implements AutoCloseable {
    private static final long NOWHERE = 0;
    private static final int OUT_OF_MEMORY = 2;

    private final Driver driver;
    private final List<Long> blocks = new ArrayList<>();
    private final long[] addresses;
    private final Scratch scratch = new Scratch(this::allocate);
    private final long parameters;
    private final long gradients;
    private long arenaByteSize;

    DeviceMemory(Driver driver, Graph graph) {
        this.driver = driver;
        this.addresses = new long[graph.tensorIds()];
        Arrays.fill(addresses, NOWHERE);
        MemoryPlan plan = MemoryPlan.of(graph);
        try {
            long flat = Math.max(1, graph.parameterElements()) * Float.BYTES;
            this.parameters = block(flat);
            this.gradients = graph.gradients().isEmpty() ? NOWHERE : block(flat);
            place(graph, plan, allocate(Math.max(1, plan.byteSize())));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private void place(Graph graph, MemoryPlan plan, long block) {
        graph.inputs().forEach(input -> addresses[input.id()] = block + plan.offset(input));
        for (int i = 0; i < graph.parameters().size(); i++) {
            Parameter parameter = graph.parameters().get(i);
            long offset = parameter.offset() * Float.BYTES;
            addresses[graph.parameterTensors().get(i).id()] = parameters + offset;
            if (!graph.gradients().isEmpty()) {
                addresses[graph.gradients().get(i).id()] = gradients + offset;
            }
        }
        for (Instruction instruction : graph.instructions()) {
            for (Tensor result : instruction.results()) {
                if (plan.contains(result)) {
                    addresses[result.id()] = block + plan.offset(result);
                } else if (addresses[result.id()] == NOWHERE) {
                    addresses[result.id()] = of(plan.root(result));
                }
            }
        }
    }

    /** The tensor's first element; dense, row-major. */
    long of(Tensor tensor) {
        long address = addresses[tensor.id()];
        if (address == NOWHERE) {
            throw new IllegalArgumentException(tensor + " is not a tensor of this program");
        }
        return address;
    }

    /** For what launches need besides tensors and keep from one instruction, or run, to another; freed with the program. */
    long allocate(long bytes) {
        long address = block(bytes);
        arenaByteSize += bytes;
        return address;
    }

    /** What launches need besides tensors, each instruction for itself. */
    Scratch scratch() {
        return scratch;
    }

    private long block(long bytes) {
        try {
            long address = driver.allocate(bytes);
            blocks.add(address);
            return address;
        } catch (CudaException e) {
            if (e.code() == OUT_OF_MEMORY) {
                throw new IllegalArgumentException(
                        "the GPU's memory has no room for %,d MiB: make the batch or the model smaller"
                                .formatted(Math.ceilDiv(bytes, 1L << 20)),
                        e);
            }
            throw e;
        }
    }

    /** The flat parameter space. */
    long parameters() {
        return parameters;
    }

    /** As {@link #parameters}; only of a graph with gradients. */
    long gradients() {
        return gradients;
    }

    /** All of it but parameters and gradients. */
    long arenaByteSize() {
        return arenaByteSize;
    }

    @Override
    public void close() {
        blocks.forEach(driver::free);
        blocks.clear();
    }
}
