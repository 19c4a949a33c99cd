package dev.tutti.tensor.lowering;

import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Where each tensor lies in a program's one block of memory. Two tensors share bytes only if one is dead before the other is written.
 * Inputs and outputs are alive throughout, so that a run can be repeated and read; parameters and their gradients live
 * elsewhere and have no place here. A reshaped tensor lies where the tensor lies whose elements it shows, and what is computed element by element
 * lies where an operand lay that is dead thereafter.
 *
 * <p>Greedy by size: the largest tensor is placed first, each at the lowest offset free during its life.
 */
public final class MemoryPlan {
    public static final long ALIGNMENT = 64;

    private static final long NOWHERE = -1;

    /** A tensor's life in instruction indices, both ends included, and its place. */
    private record Lifetime(Tensor tensor, int first, int last) {
        boolean overlaps(Lifetime other) {
            return first <= other.last && other.first <= last;
        }
    }

    private record Placed(Lifetime lifetime, long offset) {
        long end() {
            return align(offset + lifetime.tensor.byteSize());
        }
    }

    private final Aliases aliases;
    private final long[] offsets;
    private final long byteSize;

    private MemoryPlan(Aliases aliases, long[] offsets, long byteSize) {
        this.aliases = aliases;
        this.offsets = offsets;
        this.byteSize = byteSize;
    }

    public static MemoryPlan of(Graph graph) {
        long[] offsets = new long[graph.tensorIds()];
        Arrays.fill(offsets, NOWHERE);
        Aliases aliases = new Aliases(graph);
        List<Lifetime> lifetimes = lifetimes(graph, aliases);
        lifetimes.sort(Comparator.comparingLong((Lifetime lifetime) -> lifetime.tensor.byteSize())
                .reversed()
                .thenComparingInt(Lifetime::first)
                .thenComparingInt(lifetime -> lifetime.tensor.id()));
        List<Placed> placed = new ArrayList<>();
        long byteSize = 0;
        for (Lifetime lifetime : lifetimes) {
            Placed place = new Placed(lifetime, lowestOffset(lifetime, placed));
            placed.add(place);
            offsets[lifetime.tensor.id()] = place.offset;
            byteSize = Math.max(byteSize, place.end());
        }
        return new MemoryPlan(aliases, offsets, byteSize);
    }

    /** Whether the tensor has a place here: an input, or a result that is not a parameter's gradient; or one that shows the elements of such. */
    public boolean contains(Tensor tensor) {
        return offsets[root(tensor).id()] != NOWHERE;
    }

    /** The tensor in whose memory this one lies; itself for most. */
    public Tensor root(Tensor tensor) {
        return aliases.root(tensor);
    }

    /** In bytes, a multiple of {@link #ALIGNMENT}. */
    public long offset(Tensor tensor) {
        if (!contains(tensor)) {
            throw new IllegalArgumentException(tensor + " has no place in this plan");
        }
        return offsets[root(tensor).id()];
    }

    public long byteSize() {
        return byteSize;
    }

    private static List<Lifetime> lifetimes(Graph graph, Aliases aliases) {
        int[] lastUse = new int[graph.tensorIds()];
        List<Instruction> instructions = graph.instructions();
        int end = instructions.size();
        for (int i = 0; i < end; i++) {
            for (Tensor result : instructions.get(i).results()) {
                lastUse[aliases.root(result).id()] = i;
            }
            for (Tensor operand : instructions.get(i).op().operands()) {
                lastUse[aliases.root(operand).id()] = i;
            }
        }
        graph.outputs().values().forEach(output -> lastUse[aliases.root(output).id()] = end);
        List<Lifetime> lifetimes = new ArrayList<>();
        graph.inputs().forEach(input -> lifetimes.add(new Lifetime(input, -1, end)));
        Set<Tensor> gradients = new HashSet<>(graph.gradients());
        for (int i = 0; i < end; i++) {
            for (Tensor result : instructions.get(i).results()) {
                if (!gradients.contains(result) && !aliases.isAlias(result)) {
                    lifetimes.add(new Lifetime(result, i, lastUse[result.id()]));
                }
            }
        }
        return lifetimes;
    }

    private static long lowestOffset(Lifetime lifetime, List<Placed> placed) {
        List<Placed> neighbours = placed.stream()
                .filter(other -> other.lifetime.overlaps(lifetime))
                .sorted(Comparator.comparingLong(Placed::offset))
                .toList();
        long offset = 0;
        for (Placed neighbour : neighbours) {
            if (offset + lifetime.tensor.byteSize() <= neighbour.offset) {
                return offset;
            }
            offset = Math.max(offset, neighbour.end());
        }
        return offset;
    }

    private static long align(long offset) {
        return (offset + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
}
