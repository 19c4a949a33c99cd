package dev.tutti.proto.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tutti.proto.wire.SliceTree.Node;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SliceTreePropertyTest {
    private static final int MOST_SLICES = 64;

    @Test
    void maximalNodesCoverARunExactlyAndAreMaximal() {
        for (int slices = 1; slices <= MOST_SLICES; slices++) {
            SliceTree tree = new SliceTree(slices);
            for (int begin = 0; begin <= slices; begin++) {
                for (int end = begin; end <= slices; end++) {
                    int at = begin;
                    for (Node node : tree.maximalNodes(begin, end)) {
                        assertThat(tree.begin(node)).isEqualTo(at);
                        at = tree.end(node);
                        assertThat(tree.node(tree.begin(node), at)).contains(node);
                        if (!tree.isRoot(node)) {
                            Node parent = tree.parent(node);
                            assertThat(tree.begin(parent) < begin || tree.end(parent) > end)
                                    .as("%s in [%d, %d) of %d", parent, begin, end, slices)
                                    .isTrue();
                        }
                    }
                    assertThat(at).isEqualTo(end);
                }
            }
        }
    }

    @Test
    void everyNodeButTheRootHasASiblingAndTogetherTheyAreTheParent() {
        for (int slices = 1; slices <= MOST_SLICES; slices++) {
            SliceTree tree = new SliceTree(slices);
            for (int begin = 0; begin < slices; begin++) {
                for (Node node = tree.node(begin, begin + 1).orElseThrow();
                        !tree.isRoot(node);
                        node = tree.parent(node)) {
                    Node sibling = tree.sibling(node);
                    assertThat(tree.sibling(sibling)).isEqualTo(node);
                    assertThat(tree.parent(sibling)).isEqualTo(tree.parent(node));
                    assertThat(Math.min(tree.begin(node), tree.begin(sibling)))
                            .isEqualTo(tree.begin(tree.parent(node)));
                    assertThat(Math.max(tree.end(node), tree.end(sibling))).isEqualTo(tree.end(tree.parent(node)));
                    assertThat(tree.end(node) - tree.begin(node) + tree.end(sibling) - tree.begin(sibling))
                            .isEqualTo(tree.end(tree.parent(node)) - tree.begin(tree.parent(node)));
                }
            }
        }
    }

    @Test
    void theSumIsAssociatedTheSameHoweverSlicesAreSpread() {
        for (int slices = 1; slices <= MOST_SLICES; slices++) {
            SliceTree tree = new SliceTree(slices);
            String expected = textbook(slices, 31 - Integer.numberOfLeadingZeros(slices * 2 - 1), 0);
            for (int seed = 0; seed < 20; seed++) {
                Random random = new Random(seed);
                assertThat(sum(tree, cut(slices, random), random))
                        .as("%d slices, seed %d", slices, seed)
                        .isEqualTo(expected);
            }
        }
    }

    @Test
    void aRangeThatIsNoNodeHasNone() {
        SliceTree tree = new SliceTree(5);
        assertThat(tree.node(1, 3)).isEmpty();
        assertThat(tree.node(0, 6)).isEmpty();
        assertThat(tree.node(-1, 1)).isEmpty();
        assertThat(tree.node(2, 2)).isEmpty();
        assertThat(tree.node(4, 5)).contains(new Node(2, 1));
        assertThat(tree.node(0, 5)).contains(tree.root());
        assertThatThrownBy(() -> tree.parent(tree.root())).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new SliceTree(0)).isInstanceOf(IllegalArgumentException.class);
    }

    /** The definition, literally: left + right, or left alone where there is no right. */
    private static String textbook(int slices, int level, int index) {
        if (level == 0) {
            return Integer.toString(index);
        }
        String left = textbook(slices, level - 1, 2 * index);
        boolean hasRight = (2 * index + 1) << (level - 1) < slices;
        return hasRight ? "(" + left + "+" + textbook(slices, level - 1, 2 * index + 1) + ")" : left;
    }

    /** What workers with these runs push, summed as it arrives in random order. */
    private static String sum(SliceTree tree, List<int[]> runs, Random random) {
        List<Node> pushed = new ArrayList<>();
        for (int[] run : runs) {
            pushed.addAll(tree.maximalNodes(run[0], run[1]));
        }
        Collections.shuffle(pushed, random);
        Map<Node, String> sums = new HashMap<>();
        for (Node node : pushed) {
            Node at = node;
            String sum = textbookOf(tree, node);
            while (!tree.isRoot(at) && sums.containsKey(tree.sibling(at))) {
                String other = sums.remove(tree.sibling(at));
                boolean right = tree.begin(at) > tree.begin(tree.sibling(at));
                sum = right ? "(" + other + "+" + sum + ")" : "(" + sum + "+" + other + ")";
                at = tree.parent(at);
            }
            sums.put(at, sum);
        }
        assertThat(sums).containsOnlyKeys(tree.root());
        return sums.getOrDefault(tree.root(), "");
    }

    private static String textbookOf(SliceTree tree, Node node) {
        return textbook(tree.slices(), node.level(), node.index());
    }

    private static List<int[]> cut(int slices, Random random) {
        List<int[]> runs = new ArrayList<>();
        int longest = 1 + random.nextInt(slices);
        for (int at = 0; at < slices; ) {
            int end = Math.min(slices, at + random.nextInt(longest + 1));
            runs.add(new int[] {at, end});
            at = end;
        }
        return runs;
    }
}
