package dev.tutti.proto.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tutti.proto.v1.ShardMap;
import dev.tutti.proto.v1.ShardRange;
import dev.tutti.proto.v1.TensorPlacement;
import dev.tutti.proto.wire.ShardMaps.Server;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ShardMapsTest {
    private static TensorPlacement tensor(String name, long offset, Integer... shape) {
        return TensorPlacement.newBuilder()
                .setName(name)
                .setOffset(offset)
                .addAllShape(List.of(shape))
                .build();
    }

    private static List<Server> servers(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> new Server("server-" + i, "127.0.0.1:" + (7000 + i), ""))
                .toList();
    }

    @Test
    void rangesAreContiguousBalancedAndAligned() {
        for (int elements : new int[] {1, 15, 16, 17, 1000, 242_762}) {
            for (int servers = 1; servers <= 9; servers++) {
                ShardMap map = ShardMaps.planFor(1, List.of(tensor("w", 0, elements)), servers(servers));
                long end = 0;
                long least = Long.MAX_VALUE;
                long most = 0;
                for (ShardRange range : map.getShardsList()) {
                    assertThat(range.getBegin()).isEqualTo(end);
                    assertThat(range.getBegin() % 16).isZero();
                    end = range.getEnd();
                    least = Math.min(least, range.getEnd() - range.getBegin());
                    most = Math.max(most, range.getEnd() - range.getBegin());
                }
                assertThat(end).isEqualTo(elements);
                assertThat(least).isPositive();
                assertThat(most - least).isLessThan(32);
                assertThat(map.getShards(0).getEndpoint()).isEqualTo("127.0.0.1:7000");
            }
        }
    }

    @Test
    void chunksAreAQuarterOfARangeWithinLimits() {
        assertThat(ShardMaps.defaultChunkElements(1)).isEqualTo(16 << 10);
        assertThat(ShardMaps.defaultChunkElements(242_762)).isEqualTo(60 << 10);
        assertThat(ShardMaps.defaultChunkElements(1L << 40)).isEqualTo(256 << 10);
    }

    @Test
    void manyWorkersHaveSmallerChunksWhichTogetherAreNoMore() {
        assertThat(chunkElements(8)).isEqualTo(256 << 10);
        assertThat(chunkElements(9)).isEqualTo(128 << 10);
        assertThat(chunkElements(100)).isEqualTo(16 << 10);
        assertThat(chunkElements(10_000)).isEqualTo(16 << 10);
    }

    private static int chunkElements(int workers) {
        return ShardMaps.planFor(workers, List.of(tensor("w", 0, 1 << 24)), servers(2))
                .getChunkElements();
    }

    @Test
    void aGridKnowsItsChunks() {
        ChunkGrid grid = new ChunkGrid(160, 1000, 256);
        assertThat(grid.chunkCount()).isEqualTo(4);
        assertThat(grid.begin(1)).isEqualTo(416);
        assertThat(grid.end(1)).isEqualTo(672);
        assertThat(grid.elementCount(3)).isEqualTo(72);
        assertThatThrownBy(() -> grid.begin(4)).hasMessage("Chunk 4 of 4");
    }

    @Test
    void tensorsWithAHoleBetweenThemAreRefused() {
        List<TensorPlacement> tensors = List.of(tensor("a", 0, 2, 3), tensor("b", 7, 4));
        assertThatThrownBy(() -> ShardMaps.planFor(1, tensors, servers(1)))
                .hasMessage("Tensor b lies at offset 7, the one before it ends at 6");
    }
}
