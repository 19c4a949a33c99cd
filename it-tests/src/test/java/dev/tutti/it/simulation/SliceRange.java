package dev.tutti.it.simulation;

/** Slices [begin, end) of a step. */
record SliceRange(int begin, int end) {
    /** A worker's, as the coordinator gives them out. */
    static SliceRange of(int worker, int workers, int slices) {
        return new SliceRange((int) ((long) worker * slices / workers), (int) ((worker + 1L) * slices / workers));
    }

    int count() {
        return end - begin;
    }
}
