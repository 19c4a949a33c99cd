package dev.tutti.proto.wire;

import dev.tutti.proto.v1.ShardMap;
import dev.tutti.proto.v1.ShardRange;
import dev.tutti.proto.v1.TensorPlacement;
import java.util.List;
import java.util.stream.IntStream;

/** Who owns which parameters: pure arithmetic over {@link ShardMap}. */
public final class ShardMaps {
    /** Shards begin at multiples of this many elements: 64 bytes, a cache line. Where that would cut a row, they begin with the row. */
    public static final int ALIGNMENT_ELEMENTS = 16;

    private static final int MIN_CHUNK_ELEMENTS = 16 << 10;
    private static final int MAX_CHUNK_ELEMENTS = 256 << 10;
    private static final int CHUNK_STEP = 1024;
    /** One chunk of each worker: 8 MiB of f32. */
    private static final int UNDER_WAY_ELEMENTS = 2 << 20;

    /**
     * Who may hold a shard.
     *
     * @param member name in the cluster
     * @param endpoint host:port of its gRPC server
     * @param socket the Unix domain socket of the same server; empty for none
     */
    public record Server(String member, String endpoint, String socket) {}

    private ShardMaps() {}

    /**
     * {@link #plan(List, List, int)} with chunks of {@link #defaultChunkElements}, or smaller ones for many workers: each may have some under way to a server, whose memory
     * is not to grow with the number of workers.
     */
    public static ShardMap planFor(int workers, List<TensorPlacement> tensors, List<Server> servers) {
        long largest = Math.ceilDiv(elementCount(tensors), (long) Math.max(1, servers.size()));
        int mostElements = Math.max(MIN_CHUNK_ELEMENTS, Integer.highestOneBit(UNDER_WAY_ELEMENTS / workers));
        return plan(tensors, servers, Math.min(defaultChunkElements(largest), mostElements));
    }

    /**
     * Contiguous ranges, equal to within {@link #ALIGNMENT_ELEMENTS} or a row, in the order of the servers. A model smaller than that for
     * every server leaves the last servers without a shard.
     *
     * @throws IllegalArgumentException if there is no server, no element, or the tensors do not lie back to back from offset 0
     */
    public static ShardMap plan(List<TensorPlacement> tensors, List<Server> servers, int chunkElements) {
        long elements = elementCount(tensors);
        if (servers.isEmpty() || elements == 0 || chunkElements < 1) {
            throw new IllegalArgumentException(
                    elements + " parameters on " + servers.size() + " servers in chunks of " + chunkElements);
        }
        long[] begins = begins(tensors, elements, servers.size());
        ShardMap.Builder map = ShardMap.newBuilder().addAllTensors(tensors).setChunkElements(chunkElements);
        for (int shard = 0; shard < begins.length; shard++) {
            Server server = servers.get(shard);
            map.addShards(ShardRange.newBuilder()
                    .setShard(shard)
                    .setServer(server.member())
                    .setEndpoint(server.endpoint())
                    .setSocket(server.socket())
                    .setBegin(begins[shard])
                    .setEnd(shard + 1 < begins.length ? begins[shard + 1] : elements));
        }
        return map.build();
    }

    /** Of as many ranges as there are servers, or fewer. */
    private static long[] begins(List<TensorPlacement> tensors, long elements, int servers) {
        long units = Math.ceilDiv(elements, (long) ALIGNMENT_ELEMENTS);
        int shards = (int) Math.min(servers, units);
        return IntStream.range(0, shards)
                .mapToLong(shard -> rowBegin(tensors, units * shard / shards * ALIGNMENT_ELEMENTS))
                .distinct()
                .toArray();
    }

    /** The element itself, or where it lies within a row, that row's first. */
    private static long rowBegin(List<TensorPlacement> tensors, long element) {
        for (TensorPlacement tensor : tensors) {
            long first = element - tensor.getOffset();
            if (tensor.getRowWidth() > 0 && first >= 0 && first < elementCount(tensor)) {
                return element - first % tensor.getRowWidth();
            }
        }
        return element;
    }

    /** A quarter of the range, so that pushes overlap the backward pass, between 64 KiB and 1 MiB of f32. */
    public static int defaultChunkElements(long rangeElements) {
        long chunk = Math.clamp(rangeElements / 4, MIN_CHUNK_ELEMENTS, MAX_CHUNK_ELEMENTS);
        return (int) Math.ceilDiv(chunk, (long) CHUNK_STEP) * CHUNK_STEP;
    }

    /**
     * The chunks of a shard.
     *
     * @throws IndexOutOfBoundsException if the map has no such shard
     */
    public static ChunkGrid grid(ShardMap map, int shard) {
        ShardRange range = map.getShards(shard);
        return new ChunkGrid(range.getBegin(), range.getEnd(), map.getChunkElements(), map.getTensorsList());
    }

    /** Elements of a tensor: the product of its shape. */
    public static long elementCount(TensorPlacement tensor) {
        long count = 1;
        for (int extent : tensor.getShapeList()) {
            count = Math.multiplyExact(count, Integer.toUnsignedLong(extent));
        }
        return count;
    }

    /**
     * Elements of the flat space.
     *
     * @throws IllegalArgumentException if the tensors do not lie back to back from offset 0
     */
    public static long elementCount(List<TensorPlacement> tensors) {
        long end = 0;
        for (TensorPlacement tensor : tensors) {
            if (tensor.getOffset() != end) {
                throw new IllegalArgumentException("Tensor " + tensor.getName() + " lies at offset "
                        + tensor.getOffset() + ", the one before it ends at " + end);
            }
            end = Math.addExact(end, elementCount(tensor));
        }
        return end;
    }
}
