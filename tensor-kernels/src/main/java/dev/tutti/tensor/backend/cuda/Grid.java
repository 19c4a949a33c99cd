package dev.tutti.tensor.backend.cuda;

/**
 * How many threads run a kernel.
 *
 * @param x blocks, up to 2³¹ − 1; y and z: up to {@value #MOST_BLOCKS_IN_Y_AND_Z}
 * @param threads of a block, in one dimension: whole warps, up to 1,024
 */
record Grid(int x, int y, int z, int threads) {
    static final int MOST_BLOCKS_IN_Y_AND_Z = 65_535;

    private static final int WARP = 32;
    private static final int MOST_THREADS = 1024;
    private static final int ELEMENT_THREADS = 256;
    private static final int MOST_BLOCKS_OF_ELEMENTS = 4096;

    /** @throws IllegalArgumentException if no device has such a grid */
    Grid {
        if (x < 1 || y < 1 || z < 1 || y > MOST_BLOCKS_IN_Y_AND_Z || z > MOST_BLOCKS_IN_Y_AND_Z) {
            throw new IllegalArgumentException(
                    "a GPU launches up to 2,147,483,647 × 65,535 × 65,535 blocks, got %,d × %,d × %,d: make the batch or the model smaller"
                            .formatted(x, y, z));
        }
        if (threads < 1 || threads > MOST_THREADS || threads % WARP != 0) {
            throw new IllegalArgumentException("a block has whole warps, up to 1,024 threads, got " + threads);
        }
    }

    /** A block for each 256 of them, as far as that is of use: kernels go on with what is left. */
    static Grid forEach(long elements) {
        return new Grid(
                Math.clamp(Math.ceilDiv(elements, ELEMENT_THREADS), 1, MOST_BLOCKS_OF_ELEMENTS), 1, 1, ELEMENT_THREADS);
    }

    /**
     * Blocks in one dimension.
     *
     * @throws IllegalArgumentException if there are more than a device launches
     */
    static Grid blocks(long count, int threads) {
        return new Grid(inX(count), 1, 1, threads);
    }

    /** So many blocks in x. @throws IllegalArgumentException as {@link #blocks} */
    static int inX(long count) {
        if (count > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "a GPU launches up to 2,147,483,647 blocks, got %,d: make the batch or the model smaller"
                            .formatted(count));
        }
        return (int) count;
    }
}
