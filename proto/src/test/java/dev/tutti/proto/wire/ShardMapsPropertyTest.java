package dev.tutti.proto.wire;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.ShardMap;
import dev.tutti.proto.v1.ShardRange;
import dev.tutti.proto.v1.TensorPlacement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Random models on random numbers of servers: who holds how much of what. */
class ShardMapsPropertyTest {
    private static final int SEEDS = 500;
    /** A cache line is the least that is moved: smaller shards cannot be equal. */
    private static final int ROUGH_ELEMENTS = 20 * ShardMaps.ALIGNMENT_ELEMENTS;

    @Test
    void noShardHoldsATenthMoreThanTheMean() {
        for (int seed = 0; seed < SEEDS; seed++) {
            ShardMap map = map(seed);
            long elements = ShardMaps.elementCount(map.getTensorsList());
            double mean = (double) elements / map.getShardsCount();
            if (mean < ROUGH_ELEMENTS) {
                continue;
            }
            for (ShardRange range : map.getShardsList()) {
                assertThat((double) elementCount(range))
                        .as("seed %d: shard %d of %d elements", seed, range.getShard(), elements)
                        .isBetween(0.9 * mean, 1.1 * mean);
            }
        }
    }

    @Test
    void everyElementLiesOnOneShardAndInOneChunk() {
        for (int seed = 0; seed < SEEDS; seed++) {
            ShardMap map = map(seed);
            long end = 0;
            for (int shard = 0; shard < map.getShardsCount(); shard++) {
                ChunkGrid grid = ShardMaps.grid(map, shard);
                for (int chunk = 0; chunk < grid.chunkCount(); chunk++) {
                    assertThat(grid.begin(chunk)).as("seed %d", seed).isEqualTo(end);
                    assertThat(grid.elementCount(chunk)).as("seed %d", seed).isBetween(1, map.getChunkElements());
                    end = grid.end(chunk);
                }
            }
            assertThat(end).as("seed %d", seed).isEqualTo(ShardMaps.elementCount(map.getTensorsList()));
        }
    }

    @Test
    void aTensorLargerThanAShardIsSplit() {
        for (int seed = 0; seed < SEEDS; seed++) {
            ShardMap map = map(seed);
            long largest = map.getShardsList().stream()
                    .mapToLong(ShardMapsPropertyTest::elementCount)
                    .max()
                    .orElseThrow();
            for (TensorPlacement tensor : map.getTensorsList()) {
                long begin = tensor.getOffset();
                long end = begin + ShardMaps.elementCount(tensor);
                long holders = map.getShardsList().stream()
                        .filter(range -> range.getBegin() < end && range.getEnd() > begin)
                        .count();
                assertThat(holders)
                        .as("seed %d: shards of %s", seed, tensor.getName())
                        .isGreaterThanOrEqualTo(Math.ceilDiv(end - begin, largest));
            }
        }
    }

    private static long elementCount(ShardRange range) {
        return range.getEnd() - range.getBegin();
    }

    /** From biases of a few elements to embeddings of millions, which may be nearly all of a model. */
    private static ShardMap map(int seed) {
        Random random = new Random(seed);
        List<TensorPlacement> tensors = new ArrayList<>();
        long offset = 0;
        int count = 1 + random.nextInt(30);
        for (int i = 0; i < count; i++) {
            int rows = 1 << random.nextInt(12);
            TensorPlacement.Builder tensor = TensorPlacement.newBuilder()
                    .setName("tensor-" + i)
                    .setOffset(offset)
                    .addShape(rows);
            if (random.nextBoolean()) {
                tensor.addShape(1 + random.nextInt(1 << random.nextInt(12)));
            }
            tensors.add(tensor.build());
            offset += ShardMaps.elementCount(tensors.getLast());
        }
        return ShardMaps.planFor(1 + random.nextInt(64), tensors, servers(1 + random.nextInt(12)));
    }

    private static List<ShardMaps.Server> servers(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> new ShardMaps.Server("server-" + i, "127.0.0.1:" + (7000 + i), ""))
                .toList();
    }
}
