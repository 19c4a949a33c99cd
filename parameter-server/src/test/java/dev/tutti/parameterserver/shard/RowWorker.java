package dev.tutti.parameterserver.shard;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.Chunk;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.v1.ShardMap;
import dev.tutti.proto.v1.Vote;
import dev.tutti.proto.wire.ChunkGrid;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.ShardMaps;
import dev.tutti.proto.wire.encoding.ChunkDecoders;
import dev.tutti.proto.wire.encoding.SparseRows;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A worker's parameters, made of what all shards have sent it in one generation. */
final class RowWorker {
    private final ShardMap map;
    private final float[] flat;
    private final List<Stream> streams = new ArrayList<>();
    private final Map<Long, Map<Integer, Vote>> votes = new TreeMap<>();
    private final ChunkDecoders decoders = new ChunkDecoders();
    /** Frames with rows only. */
    int partial;

    boolean isReady = true;

    @Nullable
    String refused;

    RowWorker(ShardMap map) {
        this.map = map;
        this.flat = new float[(int) ShardMaps.elementCount(map.getTensorsList())];
        for (int shard = 0; shard < map.getShardsCount(); shard++) {
            streams.add(new Stream(shard));
        }
    }

    WorkerStream stream(int shard) {
        return streams.get(shard);
    }

    /** Bits of all parameters. */
    List<Integer> bits() {
        return Arrays.stream(MemorySegment.ofArray(flat).toArray(ValueLayout.JAVA_INT))
                .boxed()
                .toList();
    }

    float[] parameters() {
        return flat.clone();
    }

    long lowestVersion() {
        return streams.stream()
                .flatMapToLong(stream -> Arrays.stream(stream.versions))
                .min()
                .orElseThrow();
    }

    long version(int shard, int chunk) {
        return streams.get(shard).versions[chunk];
    }

    /** Of all shards, in their order. */
    List<Vote> votes(long step) {
        return List.copyOf(votes.getOrDefault(step, Map.of()).values());
    }

    private final class Stream implements WorkerStream {
        private final int shard;
        private final ChunkGrid grid;
        private final long[] versions;

        Stream(int shard) {
            this.shard = shard;
            this.grid = ShardMaps.grid(map, shard);
            this.versions = new long[grid.chunkCount()];
            Arrays.fill(versions, -1);
        }

        @Override
        public boolean isReady() {
            return isReady;
        }

        @Override
        public void send(ExchangeFrame frame) {
            FrameHeader header = frame.header();
            if (header.hasVote()) {
                votes.computeIfAbsent(header.getStep(), _ -> new TreeMap<>()).put(shard, header.getVote());
            } else if (header.hasChunk()) {
                take(header.getStep(), header.getChunk(), frame);
            }
        }

        private void take(long version, Chunk sent, ExchangeFrame frame) {
            int chunk = sent.getChunk();
            int elements = grid.elementCount(chunk);
            var decoded = decoders.decode(sent.getEncoding(), frame.payload(), elements, grid.rowWidth(chunk));
            if (!(decoded instanceof ChunkDecoders.Decoded.Values(var values))) {
                throw new AssertionError(decoded);
            }
            if (values.encoding() instanceof SparseRows) {
                assertThat(sent.getBasedOn()).isEqualTo(versions[chunk]);
                partial++;
            }
            values.overwrite(MemorySegment.ofArray(flat)
                    .asSlice(grid.begin(chunk) * Float.BYTES, (long) elements * Float.BYTES));
            versions[chunk] = version;
        }

        @Override
        public void takeNext() {
            // Frames are pushed at once.
        }

        @Override
        public void refuse(String reason) {
            refused = reason;
        }

        @Override
        public void end(String reason) {
            refused = reason;
        }
    }
}
