package dev.tutti.worker.exchange;

import dev.tutti.proto.v1.ShardMap;
import dev.tutti.proto.v1.TensorPlacement;
import dev.tutti.proto.wire.ChunkGrid;
import dev.tutti.proto.wire.ShardMaps;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** The chunks of all shards, numbered through, and which tensors lie in which. Immutable. */
final class ChunkTable {
    /**
     * Elements [begin, end) of the flat space.
     *
     * @param number in the table
     * @param rowWidth elements of each of its rows; 0 if it has none
     */
    record Chunk(int number, int shard, int chunk, long begin, long end, int rowWidth) {
        /** Of shard 0: what concerns the whole job travels with it. */
        boolean isFirst() {
            return number == 0;
        }

        boolean hasRows() {
            return rowWidth > 0;
        }

        int elementCount() {
            return Math.toIntExact(end - begin);
        }

        long byteOffset() {
            return begin * Float.BYTES;
        }

        long byteSize() {
            return (end - begin) * Float.BYTES;
        }
    }

    private final List<Chunk> chunks = new ArrayList<>();
    private final int[] firstOfShard;
    private final int[][] chunksOfTensor;
    private final int[] tensorsInChunk;

    ChunkTable(ShardMap map) {
        firstOfShard = new int[map.getShardsCount() + 1];
        for (int shard = 0; shard < map.getShardsCount(); shard++) {
            ChunkGrid grid = ShardMaps.grid(map, shard);
            for (int chunk = 0; chunk < grid.chunkCount(); chunk++) {
                chunks.add(new Chunk(
                        chunks.size(), shard, chunk, grid.begin(chunk), grid.end(chunk), grid.rowWidth(chunk)));
            }
            firstOfShard[shard + 1] = chunks.size();
        }
        tensorsInChunk = new int[chunks.size()];
        chunksOfTensor = map.getTensorsList().stream().map(this::overlapping).toArray(int[][]::new);
        for (int[] overlapped : chunksOfTensor) {
            for (int chunk : overlapped) {
                tensorsInChunk[chunk]++;
            }
        }
    }

    private int[] overlapping(TensorPlacement tensor) {
        long begin = tensor.getOffset();
        long end = begin + ShardMaps.elementCount(tensor);
        return IntStream.range(0, chunks.size())
                .filter(i -> chunks.get(i).begin() < end && chunks.get(i).end() > begin)
                .toArray();
    }

    int size() {
        return chunks.size();
    }

    int shardCount() {
        return firstOfShard.length - 1;
    }

    Chunk chunk(int number) {
        return chunks.get(number);
    }

    List<Chunk> of(Fragment fragment) {
        return chunks.stream().filter(fragment::has).toList();
    }

    int chunksInShard(int shard) {
        return firstOfShard[shard + 1] - firstOfShard[shard];
    }

    /** The number of a shard's chunk, or −1 if the shard has no such chunk. */
    int number(int shard, int chunk) {
        return chunk < 0 || chunk >= chunksInShard(shard) ? -1 : firstOfShard[shard] + chunk;
    }

    /** Numbers of the chunks that hold any element of the tensor; not to be changed. */
    int[] chunksOf(int tensor) {
        return chunksOfTensor[tensor];
    }

    /** How many tensors have an element in each chunk: that many gradients must be final before it is. A copy. */
    int[] tensorsInChunks() {
        return tensorsInChunk.clone();
    }

    long maxChunkByteSize() {
        return chunks.stream().mapToLong(Chunk::byteSize).max().orElse(0);
    }
}
