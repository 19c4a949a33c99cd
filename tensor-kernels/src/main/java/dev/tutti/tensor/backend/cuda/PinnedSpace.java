package dev.tutti.tensor.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Memory of the host for copies that run by themselves: the caller's own where it is page-locked, else a page-locked copy of it. */
final class PinnedSpace {
    private final MemorySegment own;
    private final MemorySegment pinned;
    private final boolean isCopy;

    /** @param arena for the copy, if one is needed */
    PinnedSpace(CudaDevice device, MemorySegment own, Arena arena) {
        this.own = own;
        this.isCopy = !device.isPinned(own);
        this.pinned = !isCopy ? own : device.allocatePinned(own.byteSize(), arena);
    }

    MemorySegment of(TransferPlan.Range range) {
        return pinned.asSlice(range.begin(), range.count());
    }

    /** Before copies to the device: what is in the caller's memory. */
    void load() {
        if (isCopy) {
            pinned.copyFrom(own);
        }
    }

    /** After a copy from the device: into the caller's memory. */
    void store(TransferPlan.Range range) {
        if (isCopy) {
            own.asSlice(range.begin(), range.count()).copyFrom(of(range));
        }
    }
}
