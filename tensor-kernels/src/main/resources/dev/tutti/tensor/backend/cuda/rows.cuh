// Rows that lie in registers while they are computed with. Stands before layer_norm.cu.

// Elements that lie together are a chunk; a thread of a team has every so many chunks.
#define CHUNK 4
#define CHUNKS 8
#define EACH_CHUNK(j) _Pragma("unroll") for (int j = 0; j < CHUNKS; j++)
#define EACH_OF_CHUNK(k) _Pragma("unroll") for (int k = 0; k < CHUNK; k++)

template <typename Team>
DEVICE int columnOf(int chunk) {
  return CHUNK * (Team::rank() + chunk * Team::size());
}

// Elements of a row of `columns` from `column` on, zeros beyond its end.
template <typename T>
DEVICE Values<CHUNK> chunkAt(const In<T>& x, int64_t row, int column, int columns, bool isAligned) {
  if (isAligned && column < columns) return x.template several<CHUNK>(row * columns + column);
  Values<CHUNK> y;
  EACH_OF_CHUNK(k) y.of[k] = column + k < columns ? x[row * columns + column + k] : 0.0f;
  return y;
}

template <typename T>
DEVICE void setChunk(const Out<T>& y, int64_t row, int column, int columns, bool isAligned, const Values<CHUNK>& x) {
  if (isAligned) {
    if (column < columns) y.template setSeveral<CHUNK>(row * columns + column, x);
  } else {
    EACH_OF_CHUNK(k) if (column + k < columns) y.set(row * columns + column + k, x.of[k]);
  }
}

// Whether chunks of every row can be read, or written, at once.
template <typename Tensor>
DEVICE bool hasAlignedChunks(const Tensor& x, int columns) {
  return columns % CHUNK == 0 && x.template isAligned<CHUNK>();
}
