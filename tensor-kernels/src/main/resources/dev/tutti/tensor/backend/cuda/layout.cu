// The same numbers elsewhere, or sums of them: graph/LayoutOp.java, and MatrixOp.ColumnSum.
//
//   X  element type of operands
//   Y  of the result

#define MOST_DIMENSIONS 8

struct Transposed {
  In<X> x;
  Out<Y> y;
  int64_t count;
  int rank;
  // Of the result, outermost first; and how far apart its neighbours are in x.
  int64_t sizes[MOST_DIMENSIONS], strides[MOST_DIMENSIONS];
};

KERNEL(256, transpose, Transposed) {
  FOR_EACH(i, arguments.count) {
    int64_t rest = i, from = 0;
    for (int d = arguments.rank - 1; d >= 0; d--) {
      from += rest % arguments.sizes[d] * arguments.strides[d];
      rest /= arguments.sizes[d];
    }
    arguments.y.set(i, arguments.x[from]);
  }
}

// Matrices [rows, columns], one behind the other, as [columns, rows]: 32 by 32 numbers a block, so that they are read and written in runs.
struct Flipped {
  In<X> x;
  Out<Y> y;
  int64_t rows, columns;
};

#define TILE 32
#define TILE_ROWS 8

KERNEL(256, transpose_matrix, Flipped) {
  SHARED float tile[TILE][TILE + 1];
  int64_t tiles = (arguments.columns + TILE - 1) / TILE, matrix = blockIdx.x / tiles * arguments.rows * arguments.columns;
  int x = threadIdx.x % TILE, y = threadIdx.x / TILE;
  int64_t row = blockIdx.y * TILE, column = blockIdx.x % tiles * TILE;
  for (int r = y; r < TILE; r += TILE_ROWS)
    if (row + r < arguments.rows && column + x < arguments.columns)
      tile[r][x] = arguments.x[matrix + (row + r) * arguments.columns + column + x];
  __syncthreads();
  for (int r = y; r < TILE; r += TILE_ROWS)
    if (column + r < arguments.columns && row + x < arguments.rows)
      arguments.y.set(matrix + (column + r) * arguments.rows + row + x, tile[x][r]);
}

// Indices [toBegin, toBegin + count) of an axis of y are those from fromBegin on of x's; what `inner` elements an index has is moved together.
struct Moved {
  In<X> x;
  Out<Y> y;
  int64_t outer, inner;
  int fromSize, fromBegin, toSize, toBegin, count;
};

KERNEL(256, move_axis, Moved) {
  int64_t run = arguments.count * arguments.inner;
  FOR_EACH(i, arguments.outer * run) {
    int64_t outer = i / run, at = i % run;
    arguments.y.set((outer * arguments.toSize + arguments.toBegin) * arguments.inner + at,
                    arguments.x[(outer * arguments.fromSize + arguments.fromBegin) * arguments.inner + at]);
  }
}

// The same, with zeros for the other indices of y.
KERNEL(256, pad_axis, Moved) {
  int64_t run = arguments.toSize * arguments.inner;
  FOR_EACH(i, arguments.outer * run) {
    int64_t outer = i / run, index = i % run / arguments.inner - arguments.toBegin, at = i % arguments.inner;
    bool inside = index >= 0 && index < arguments.count;
    arguments.y.set(
        i, inside ? arguments.x[(outer * arguments.fromSize + arguments.fromBegin + index) * arguments.inner + at] : 0.0f);
  }
}

struct Summed {
  In<X> x;
  Out<Y> y;
  int64_t count, inner;
  int size;
  float factor;
};

// Over an axis of `size`.
KERNEL(256, sum_axis, Summed) {
  FOR_EACH(i, arguments.count) {
    int64_t first = i / arguments.inner * arguments.size * arguments.inner + i % arguments.inner;
    float sum = 0.0f;
    for (int a = 0; a < arguments.size; a++) sum += arguments.x[first + a * arguments.inner];
    arguments.y.set(i, arguments.factor * sum);
  }
}

// What sum_axis gives back: each element `size` times along a new axis.
KERNEL(256, repeat_axis, Summed) {
  FOR_EACH(i, arguments.count) {
    int64_t from = i / (arguments.inner * arguments.size) * arguments.inner + i % arguments.inner;
    arguments.y.set(i, arguments.factor * arguments.x[from]);
  }
}

// y[part, column] = sum over the rows of a part of x[row, column]; a second run over the parts gives the whole. A block has 32 columns, its eight
// warps every eighth row, and each sum is made in the same order at every run.
struct ColumnSums {
  In<X> x;
  Out<Y> y;
  int64_t rows, columns, rowsOfPart;
};

KERNEL(256, column_sum, ColumnSums) {
  SHARED float sums[TILE_ROWS][TILE + 1];
  int lane = threadIdx.x % TILE, part = threadIdx.x / TILE;
  int64_t column = (int64_t)blockIdx.x * TILE + lane;
  int64_t begin = blockIdx.y * arguments.rowsOfPart;
  int64_t end = begin + arguments.rowsOfPart < arguments.rows ? begin + arguments.rowsOfPart : arguments.rows;
  float sum = 0.0f;
  if (column < arguments.columns)
#pragma unroll 8
    for (int64_t row = begin + part; row < end; row += TILE_ROWS) sum += arguments.x[row * arguments.columns + column];
  sums[part][lane] = sum;
  __syncthreads();
  if (part == 0 && column < arguments.columns) {
    for (int p = 1; p < TILE_ROWS; p++) sum += sums[p][lane];
    arguments.y.set(blockIdx.y * arguments.columns + column, sum);
  }
}
