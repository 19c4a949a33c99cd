package dev.tutti.parameterserver.policy;

import dev.tutti.parameterserver.memory.GradientBuffers;
import dev.tutti.proto.v1.Push;
import dev.tutti.proto.wire.SliceTree;
import dev.tutti.proto.wire.SliceTree.Node;
import dev.tutti.proto.wire.encoding.ChunkValues;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The sum of one chunk's gradient over the slices of one step, in the fixed tree: left child + right child, whatever came first (f32
 * addition commutes, it only does not associate). It owns the buffers of the nodes it holds.
 */
final class SliceSum implements StepSum {
    private final SliceTree tree;
    private final GradientBuffers buffers;
    /** Complete sums whose sibling is missing. Their ranges are disjoint. */
    private final Map<Node, MemorySegment> nodes = new HashMap<>();

    SliceSum(SliceTree tree, GradientBuffers buffers) {
        this.tree = tree;
        this.buffers = buffers;
    }

    @Override
    public boolean contains(Node node) {
        Node at = node;
        while (!nodes.containsKey(at) && !tree.isRoot(at)) {
            at = tree.parent(at);
        }
        return nodes.containsKey(at);
    }

    @Override
    public boolean isEarly(Node node) {
        return !nodes.isEmpty()
                && !tree.isRoot(node)
                && !nodes.containsKey(tree.sibling(node))
                && tree.begin(node) > summedFromTheFirst();
    }

    /** Up to which slice there is a gap in none. */
    private int summedFromTheFirst() {
        int end = 0;
        for (Optional<Node> next = nodeFrom(end); next.isPresent(); next = nodeFrom(end)) {
            end = tree.end(next.get());
        }
        return end;
    }

    private Optional<Node> nodeFrom(int slice) {
        return nodes.keySet().stream().filter(node -> tree.begin(node) == slice).findFirst();
    }

    @Override
    public int kept() {
        return nodes.size();
    }

    @Override
    public Optional<MemorySegment> add(Node node, Push push, ChunkValues gradient) {
        forgetWithin(node);
        Node at = node;
        MemorySegment sum = takeSibling(at);
        if (sum == null) {
            sum = buffers.take(gradient.byteSize());
            gradient.copyTo(sum);
        } else {
            gradient.addTo(sum);
            at = tree.parent(at);
        }
        for (MemorySegment other = takeSibling(at); other != null; other = takeSibling(at)) {
            ChunkValues.of(other).addTo(sum);
            buffers.give(other);
            at = tree.parent(at);
        }
        if (tree.isRoot(at)) {
            return Optional.of(sum);
        }
        nodes.put(at, sum);
        return Optional.empty();
    }

    @Override
    public boolean hasSummed(int slice) {
        return true;
    }

    @Override
    public void clear() {
        nodes.values().forEach(buffers::give);
        nodes.clear();
    }

    private @Nullable MemorySegment takeSibling(Node node) {
        return tree.isRoot(node) ? null : nodes.remove(tree.sibling(node));
    }

    /** A larger node replaces the smaller ones inside it: the same sum, cut differently. */
    private void forgetWithin(Node node) {
        Iterator<Map.Entry<Node, MemorySegment>> entries = nodes.entrySet().iterator();
        while (entries.hasNext()) {
            Map.Entry<Node, MemorySegment> entry = entries.next();
            if (tree.begin(entry.getKey()) >= tree.begin(node) && tree.end(entry.getKey()) <= tree.end(node)) {
                buffers.give(entry.getValue());
                entries.remove();
            }
        }
    }
}
