package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.tutti.tensor.backend.Kernel;
import java.lang.foreign.MemorySegment;

/** (rows, columns) → (columns, rows), one matrix after the other, a tile at a time by way of the heap. */
final class MatrixTransposition {
    private static final int TILE_ROWS = 64;
    private static final int TILE_COLUMNS = 256;
    /** Rows and columns of a block whose cache lines fit into the first-level cache. */
    private static final int BLOCK = 16;

    private final int rows;
    private final int columns;
    private final int elementBytes;

    MatrixTransposition(int rows, int columns, int elementBytes) {
        this.rows = rows;
        this.columns = columns;
        this.elementBytes = elementBytes;
    }

    Kernel bind(MemorySegment from, MemorySegment to) {
        long matrixBytes = (long) rows * columns * elementBytes;
        long matrices = from.byteSize() / matrixBytes;
        Tile tile = elementBytes == Integer.BYTES ? new IntTile() : new ShortTile();
        return () -> {
            for (long matrix = 0; matrix < matrices; matrix++) {
                transpose(tile, from, to, matrix * matrixBytes);
            }
        };
    }

    private void transpose(Tile tile, MemorySegment from, MemorySegment to, long offset) {
        for (int c = 0; c < columns; c += TILE_COLUMNS) {
            int width = Math.min(TILE_COLUMNS, columns - c);
            for (int r = 0; r < rows; r += TILE_ROWS) {
                int height = Math.min(TILE_ROWS, rows - r);
                for (int i = 0; i < height; i++) {
                    tile.load(from, offset + ((long) (r + i) * columns + c) * elementBytes, i * width, width);
                }
                transpose(tile, height, width);
                boolean together = height == rows;
                int run = together ? height * width : height;
                for (int j = 0; j * run < height * width; j++) {
                    tile.store(to, offset + ((long) (c + j) * rows + r) * elementBytes, j * run, run);
                }
            }
        }
    }

    private static void transpose(Tile tile, int height, int width) {
        for (int r = 0; r < height; r += BLOCK) {
            int count = Math.min(BLOCK, height - r);
            for (int c = 0; c < width; c++) {
                tile.transpose(r * width + c, width, c * height + r, count);
            }
        }
    }

    private interface Tile {
        void load(MemorySegment from, long byteOffset, int index, int count);

        /** Elements at equal distances, to where they are neighbours. */
        void transpose(int first, int stride, int at, int count);

        void store(MemorySegment to, long byteOffset, int index, int count);
    }

    private static final class IntTile implements Tile {
        private final int[] tile = new int[TILE_ROWS * TILE_COLUMNS];
        private final int[] transposed = new int[TILE_ROWS * TILE_COLUMNS];

        @Override
        public void load(MemorySegment from, long byteOffset, int index, int count) {
            MemorySegment.copy(from, JAVA_INT_UNALIGNED, byteOffset, tile, index, count);
        }

        @Override
        public void transpose(int first, int stride, int at, int count) {
            transpose(tile, first, stride, transposed, at, count);
        }

        private static void transpose(int[] from, int first, int stride, int[] to, int at, int count) {
            for (int i = 0; i < count; i++) {
                to[at + i] = from[first + i * stride];
            }
        }

        @Override
        public void store(MemorySegment to, long byteOffset, int index, int count) {
            MemorySegment.copy(transposed, index, to, JAVA_INT_UNALIGNED, byteOffset, count);
        }
    }

    private static final class ShortTile implements Tile {
        private final short[] tile = new short[TILE_ROWS * TILE_COLUMNS];
        private final short[] transposed = new short[TILE_ROWS * TILE_COLUMNS];

        @Override
        public void load(MemorySegment from, long byteOffset, int index, int count) {
            MemorySegment.copy(from, JAVA_SHORT_UNALIGNED, byteOffset, tile, index, count);
        }

        @Override
        public void transpose(int first, int stride, int at, int count) {
            transpose(tile, first, stride, transposed, at, count);
        }

        private static void transpose(short[] from, int first, int stride, short[] to, int at, int count) {
            for (int i = 0; i < count; i++) {
                to[at + i] = from[first + i * stride];
            }
        }

        @Override
        public void store(MemorySegment to, long byteOffset, int index, int count) {
            MemorySegment.copy(transposed, index, to, JAVA_SHORT_UNALIGNED, byteOffset, count);
        }
    }
}
