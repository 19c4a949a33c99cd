package dev.tutti.it.simulation;

import dev.tutti.proto.v1.Initializer;
import dev.tutti.proto.v1.ShardMap;
import dev.tutti.proto.v1.ShardRange;
import dev.tutti.proto.v1.TensorPlacement;
import dev.tutti.proto.wire.ChunkGrid;
import dev.tutti.proto.wire.ShardMaps;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The chunks of all shards as {@link ShardMaps} cuts them: their true sizes, and as many chunks of one element each for the shards that are replayed. */
final class Placement {
    private final ShardMap map;
    private final List<Chunk> chunks = new ArrayList<>();
    private final List<List<Chunk>> chunksOfShard = new ArrayList<>();
    private final List<List<Chunk>> finalAfterLayer;

    /**
     * A part of a shard's range.
     *
     * @param number over all shards
     * @param chunk of its shard
     */
    record Chunk(int number, int shard, int chunk, long byteSize) {}

    Placement(Workload workload, int shards) {
        List<TensorPlacement> tensors = tensors(workload);
        List<ShardMaps.Server> servers = IntStream.range(0, shards)
                .mapToObj(i -> new ShardMaps.Server("server-" + i, "server-" + i + ":1", ""))
                .toList();
        long range = Math.ceilDiv(workload.parameters(), (long) shards);
        this.map = ShardMaps.plan(tensors, servers, ShardMaps.defaultChunkElements(range));
        this.finalAfterLayer = Stream.generate(() -> (List<Chunk>) new ArrayList<Chunk>())
                .limit(tensors.size())
                .toList();
        for (int shard = 0; shard < map.getShardsCount(); shard++) {
            addChunks(shard, tensors);
        }
    }

    private static List<TensorPlacement> tensors(Workload workload) {
        List<TensorPlacement> tensors = new ArrayList<>();
        long offset = 0;
        for (Workload.Layer layer : workload.layers()) {
            tensors.add(TensorPlacement.newBuilder()
                    .setName("layer-" + tensors.size())
                    .addShape(layer.parameters())
                    .setOffset(offset)
                    .build());
            offset += layer.parameters();
        }
        return tensors;
    }

    /** The backward pass goes from the last layer to the first: a chunk is final with the first layer that lies in it. */
    private void addChunks(int shard, List<TensorPlacement> tensors) {
        ChunkGrid grid = ShardMaps.grid(map, shard);
        List<Chunk> its = new ArrayList<>();
        for (int i = 0; i < grid.chunkCount(); i++) {
            Chunk chunk = new Chunk(chunks.size(), shard, i, (long) grid.elementCount(i) * Float.BYTES);
            its.add(chunk);
            chunks.add(chunk);
            int layer = 0;
            while (tensors.get(layer).getOffset() + ShardMaps.elementCount(tensors.get(layer)) <= grid.begin(i)) {
                layer++;
            }
            finalAfterLayer.get(layer).add(chunk);
        }
        chunksOfShard.add(its);
    }

    int shardCount() {
        return map.getShardsCount();
    }

    List<Chunk> chunks() {
        return chunks;
    }

    List<Chunk> chunksOf(int shard) {
        return chunksOfShard.get(shard);
    }

    List<Chunk> finalAfter(int layer) {
        return finalAfterLayer.get(layer);
    }

    /** One element a chunk, which is 0 at first. */
    ShardMap replayed() {
        ShardMap.Builder small = ShardMap.newBuilder()
                .setChunkElements(1)
                .addTensors(TensorPlacement.newBuilder()
                        .setName("updates")
                        .addShape(chunks.size())
                        .setInitializer(Initializer.newBuilder().setConstant(0)));
        long begin = 0;
        for (ShardRange range : map.getShardsList()) {
            long end = begin + ShardMaps.grid(map, range.getShard()).chunkCount();
            small.addShards(range.toBuilder().setBegin(begin).setEnd(end));
            begin = end;
        }
        return small.build();
    }
}
