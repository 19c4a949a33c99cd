package dev.tutti.proto.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tutti.proto.v1.ShardMap;
import dev.tutti.proto.v1.TensorPlacement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How tensors with rows are cut, among others without. */
class RowChunksPropertyTest {
    private static final int SEEDS = 1000;

    @Test
    void noCutGoesThroughARowAndNoChunkHoldsRowsAndAnythingElse() {
        for (int seed = 0; seed < SEEDS; seed++) {
            Random random = new Random(seed);
            List<TensorPlacement> tensors = tensors(random);
            ShardMap map = ShardMaps.plan(tensors, servers(1 + random.nextInt(9)), 1 + random.nextInt(200));
            long end = 0;
            for (int shard = 0; shard < map.getShardsCount(); shard++) {
                assertThat(map.getShards(shard).getBegin()).as("seed %d", seed).isEqualTo(end);
                ChunkGrid grid = ShardMaps.grid(map, shard);
                assertThat(grid.chunkCount()).as("seed %d", seed).isPositive();
                for (int chunk = 0; chunk < grid.chunkCount(); chunk++) {
                    assertThat(grid.begin(chunk)).as("seed %d", seed).isEqualTo(end);
                    end = grid.end(chunk);
                    assertThat(grid.elementCount(chunk))
                            .as("seed %d", seed)
                            .isBetween(1, Math.max(grid.rowWidth(chunk), map.getChunkElements()))
                            .isLessThanOrEqualTo(grid.maxElementCount());
                    requireOneKind(seed, grid, chunk, tensors);
                }
            }
            assertThat(end).as("seed %d", seed).isEqualTo(ShardMaps.elementCount(tensors));
        }
    }

    private static void requireOneKind(int seed, ChunkGrid grid, int chunk, List<TensorPlacement> tensors) {
        for (TensorPlacement tensor : tensors) {
            long end = tensor.getOffset() + ShardMaps.elementCount(tensor);
            if (tensor.getOffset() < grid.end(chunk) && end > grid.begin(chunk)) {
                assertThat(grid.rowWidth(chunk))
                        .as("seed %d, %s in chunk %d", seed, tensor.getName(), chunk)
                        .isEqualTo(tensor.getRowWidth());
                if (tensor.getRowWidth() > 0) {
                    assertThat((grid.begin(chunk) - tensor.getOffset()) % tensor.getRowWidth())
                            .as("seed %d", seed)
                            .isZero();
                    assertThat((grid.end(chunk) - tensor.getOffset()) % tensor.getRowWidth())
                            .as("seed %d", seed)
                            .isZero();
                }
            }
        }
    }

    @Test
    void serversForWhichThereIsNoRowLeftHaveNoShard() {
        TensorPlacement wide = tensor("wide", 0, 2, 100, true);

        ShardMap map = ShardMaps.plan(List.of(wide), servers(5), 10);

        assertThat(map.getShardsList()).extracting(range -> range.getBegin()).containsExactly(0L, 100L);
        assertThat(ShardMaps.grid(map, 0).elementCount(0)).isEqualTo(100);
    }

    @Test
    void aRangeThatCutsARowIsNoRange() {
        assertThatThrownBy(() -> new ChunkGrid(0, 150, 10, List.of(tensor("wide", 0, 2, 100, true))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Elements [0, 150) of wide are not whole rows of 100");
    }

    private static List<TensorPlacement> tensors(Random random) {
        List<TensorPlacement> tensors = new ArrayList<>();
        long offset = 0;
        for (int i = 0; i <= random.nextInt(6); i++) {
            tensors.add(tensor(
                    "tensor-" + i, offset, 1 + random.nextInt(40), 1 + random.nextInt(40), random.nextInt(3) > 0));
            offset += ShardMaps.elementCount(tensors.getLast());
        }
        return tensors;
    }

    private static TensorPlacement tensor(String name, long offset, int rows, int width, boolean sparse) {
        return TensorPlacement.newBuilder()
                .setName(name)
                .setOffset(offset)
                .addShape(rows)
                .addShape(width)
                .setRowWidth(sparse ? width : 0)
                .build();
    }

    private static List<ShardMaps.Server> servers(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> new ShardMaps.Server("server-" + i, "127.0.0.1:1", ""))
                .toList();
    }
}
