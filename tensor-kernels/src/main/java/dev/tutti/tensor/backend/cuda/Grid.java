package dev.tutti.tensor.backend.cuda;

/**
 * How many threads run a kernel.
 *
 * @param x blocks, up to 2³¹ − 1; y and z: up to 65,535
 * @param threads of a block, in one dimension: whole warps
 */
record Grid(int x, int y, int z, int threads) {
    /** A block for each 256 of them, as far as that is of use: kernels go on with what is left. */
    static Grid forEach(long elements) {
        return new Grid(Math.clamp(Math.ceilDiv(elements, ELEMENT_THREADS), 1, MOST_BLOCKS), 1, 1, ELEMENT_THREADS);
    }

    /** Blocks in one dimension. */
    static Grid blocks(int count, int threads) {
        return new Grid(count, 1, 1, threads);
    }

    private static final int ELEMENT_THREADS = 256;
    private static final int MOST_BLOCKS = 4096;
}
