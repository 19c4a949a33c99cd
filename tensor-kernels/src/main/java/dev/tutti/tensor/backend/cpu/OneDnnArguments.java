package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** What a primitive is executed on: an array of {@code dnnl_exec_arg_t {int arg; dnnl_memory_t memory}}. */
final class OneDnnArguments {
    static final int SOURCE = 1;
    static final int SECOND_SOURCE = 2;
    static final int DESTINATION = 17;
    static final int WEIGHTS = 33;
    static final int BIAS = 41;
    static final int MEAN = 49;
    static final int VARIANCE = 50;
    static final int SCALE = 51;
    static final int SHIFT = 52;
    static final int SCRATCHPAD = 80;
    static final int SOURCE_GRADIENT = 129;
    static final int DESTINATION_GRADIENT = 145;
    static final int SCALE_GRADIENT = 255;
    static final int SHIFT_GRADIENT = 256;

    private static final int STEP = 1 << 15;
    private static final long ENTRY_BYTES = 16;
    private static final long MEMORY_OFFSET = 8;

    private record Entry(int argument, MemorySegment memory) {}

    private final Arena arena;
    private final List<Entry> entries = new ArrayList<>();

    /** @param arena for the array */
    OneDnnArguments(Arena arena) {
        this.arena = arena;
    }

    void add(int argument, MemorySegment oneDnnMemory) {
        entries.add(new Entry(argument, oneDnnMemory));
    }

    /** What a post-operation reads. */
    void addOfStep(int index, MemorySegment oneDnnMemory) {
        add(STEP * (index + 1) | SECOND_SOURCE, oneDnnMemory);
    }

    int count() {
        return entries.size();
    }

    MemorySegment toNativeArray() {
        MemorySegment array = arena.allocate(ENTRY_BYTES * entries.size(), ADDRESS.byteAlignment());
        for (int i = 0; i < entries.size(); i++) {
            array.set(JAVA_INT, ENTRY_BYTES * i, entries.get(i).argument);
            array.set(ADDRESS, ENTRY_BYTES * i + MEMORY_OFFSET, entries.get(i).memory);
        }
        return array;
    }
}
