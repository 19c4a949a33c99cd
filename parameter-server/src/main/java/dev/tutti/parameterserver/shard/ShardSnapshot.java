package dev.tutti.parameterserver.shard;

import dev.tutti.parameterserver.memory.ChunkMemory;
import dev.tutti.tensor.optimizer.LossScale;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * A copy of a shard's parameters and optimizer state, to be written while the shard goes on. Whoever takes it closes it.
 *
 * @param step what the checkpoint is called by; in a synchronous job the version of every chunk
 * @param updates of the chunks: how many each has had
 * @param lossScale of the step; none but in synchronous jobs in f16
 * @param parameters the whole range, f32
 * @param state the whole range of each slot, in the order of {@code stateNames}
 */
public record ShardSnapshot(
        ShardSettings settings,
        long generation,
        long step,
        List<Long> updates,
        LossScale lossScale,
        MemorySegment parameters,
        List<String> stateNames,
        List<MemorySegment> state,
        Arena arena)
        implements AutoCloseable {

    static ShardSnapshot of(
            ShardSettings settings, long generation, long step, ChunkMemory memory, LossScale lossScale) {
        Arena arena = Arena.ofShared();
        try {
            return copyOf(settings, generation, step, memory, lossScale, arena);
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    private static ShardSnapshot copyOf(
            ShardSettings settings, long generation, long step, ChunkMemory memory, LossScale lossScale, Arena arena) {
        long byteSize = (memory.grid().end() - memory.grid().begin()) * Float.BYTES;
        MemorySegment parameters = arena.allocate(byteSize, Float.BYTES);
        List<MemorySegment> state = new ArrayList<>();
        for (int slot = 0; slot < memory.stateNames().size(); slot++) {
            state.add(arena.allocate(byteSize, Float.BYTES));
        }
        List<Long> updates = new ArrayList<>();
        for (int chunk = 0; chunk < memory.chunkCount(); chunk++) {
            long at = (memory.grid().begin(chunk) - memory.grid().begin()) * Float.BYTES;
            copy(memory.current(chunk), parameters, at);
            for (int slot = 0; slot < state.size(); slot++) {
                copy(memory.state(slot, chunk), state.get(slot), at);
            }
            updates.add(memory.updates(chunk));
        }
        return new ShardSnapshot(
                settings, generation, step, updates, lossScale, parameters, memory.stateNames(), state, arena);
    }

    private static void copy(MemorySegment chunk, MemorySegment range, long at) {
        MemorySegment.copy(chunk, 0, range, at, chunk.byteSize());
    }

    @Override
    public void close() {
        arena.close();
    }
}
