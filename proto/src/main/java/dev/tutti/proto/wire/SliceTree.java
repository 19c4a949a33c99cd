package dev.tutti.proto.wire;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The fixed binary tree in which the gradients of a step's slices are summed, so that the sum has the same bits however the
 * slices are spread over workers.
 *
 * <p>Node (level k, index i) covers slices [i·2^k, min((i+1)·2^k, S)). A node's sum is left child + right child; where the right
 * child would lie beyond the last slice, the node <em>is</em> its left child. Such nodes have one range and several names; this
 * class gives out the highest one only, so every node but the root has a sibling.
 *
 * @param slices S, at least 1
 */
public record SliceTree(int slices) {
    /** A name of a node; its range comes from {@link SliceTree#begin} and {@link SliceTree#end}. */
    public record Node(int level, int index) {}

    public SliceTree {
        if (slices < 1) {
            throw new IllegalArgumentException("A step has at least one slice, got " + slices);
        }
    }

    /** The node over all slices. */
    public Node root() {
        return new Node(rootLevel(), 0);
    }

    public boolean isRoot(Node node) {
        return node.equals(root());
    }

    /** First slice of a node. */
    public int begin(Node node) {
        return node.index << node.level;
    }

    /** Behind the last slice of a node. */
    public int end(Node node) {
        return (int) Math.min((long) (node.index + 1) << node.level, slices);
    }

    /**
     * The node that sums this one and its {@link #sibling}.
     *
     * @throws IllegalArgumentException for the root
     */
    public Node parent(Node node) {
        requireInner(node);
        return highest(new Node(node.level + 1, node.index >> 1));
    }

    /**
     * The other child of the parent.
     *
     * @throws IllegalArgumentException for the root
     */
    public Node sibling(Node node) {
        requireInner(node);
        return new Node(node.level, node.index ^ 1);
    }

    /** The node that covers exactly [begin, end), if the tree has one. */
    public Optional<Node> node(int begin, int end) {
        if (begin < 0 || begin >= end || end > slices) {
            return Optional.empty();
        }
        Node node = largestFrom(begin, end);
        return end(node) == end ? Optional.of(node) : Optional.empty();
    }

    /**
     * The largest nodes inside a run of slices, from left to right: what a worker sums by itself and pushes.
     *
     * @throws IllegalArgumentException if the run is not within [0, S]
     */
    public List<Node> maximalNodes(int begin, int end) {
        if (begin < 0 || begin > end || end > slices) {
            throw new IllegalArgumentException("Slices [" + begin + ", " + end + ") of " + slices);
        }
        List<Node> nodes = new ArrayList<>();
        for (int at = begin; at < end; at = end(nodes.getLast())) {
            nodes.add(largestFrom(at, end));
        }
        return List.copyOf(nodes);
    }

    private Node largestFrom(int begin, int end) {
        Node largest = new Node(0, begin);
        for (int level = 1; level <= rootLevel(); level++) {
            Node node = new Node(level, begin >> level);
            if (begin(node) != begin || end(node) > end) {
                break;
            }
            largest = node;
        }
        return largest;
    }

    private Node highest(Node node) {
        return largestFrom(begin(node), end(node));
    }

    private int rootLevel() {
        return Integer.SIZE - Integer.numberOfLeadingZeros(slices - 1);
    }

    private void requireInner(Node node) {
        if (isRoot(node)) {
            throw new IllegalArgumentException("The root of " + slices + " slices has neither parent nor sibling");
        }
    }
}
