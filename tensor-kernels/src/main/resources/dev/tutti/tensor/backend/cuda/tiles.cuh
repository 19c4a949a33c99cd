// Rows of a head's queries, keys, values or gradients, as attention.cu and attention_gradient.cu have them in shared memory and in registers.
//
//   X     bf16 or f16
//   SIZE  of a head, up to 128
//   OWN   how many times 16 rows a warp has: 1, or 2 as far as registers go
//
// A block has ROWS of one kind, and goes through tiles of TILE rows of the others: while one is computed with, the next one is copied.

#define WARPS 4
#define ROWS (WARPS * 16 * OWN)
#define HEAD ((SIZE + 15) / 16 * 16)
#define TILE (HEAD <= 64 ? 64 : 32)
// Rows are an odd number of 16 bytes apart, so that eight of them lie in different banks.
#define STRIDE (HEAD + 8)
#define LOG2E 1.4426950408889634f

typedef X::Storage Half;

// In x sample by sample, in y for each head.
DEVICE int blocksOfSample(const Heads& h) { return (h.time + ROWS - 1) / ROWS; }

// Rows [first, first + count) into shared memory, zeros beyond `time` and `SIZE`; there once the copies are waited for.
DEVICE void fetch(Half* to, const Half* from, int64_t stride, int first, int count, int time) {
  if (SIZE % 8 == 0) {
#pragma unroll 1
    for (int i = threadIdx.x; i < count * (HEAD / 8); i += WARPS * WARP) {
      int row = i / (HEAD / 8), d = i % (HEAD / 8) * 8;
      bool there = first + row < time && d < SIZE;
      copyAsync16(to + row * STRIDE + d, there ? from + (first + row) * stride + d : from, there);
    }
  } else {
    for (int i = threadIdx.x; i < count * HEAD; i += WARPS * WARP) {
      int row = i / HEAD, d = i % HEAD;
      to[row * STRIDE + d] = first + row < time && d < SIZE ? from[(first + row) * stride + d] : (Half)0;
    }
  }
}

// Of four tiles in shared memory, which are the two for rows from `begin` on.
DEVICE int slot(int begin) { return begin / TILE % 2 * 2; }

// The row that a lane gives to ldmatrix for columns 16 · k to 16 · k + 15 of 16 rows: upper left, lower left, upper right and lower right matrix.
DEVICE const Half* rowOfLane(const Half* rows, int k) {
  int lane = threadIdx.x % WARP;
  return rows + lane % 16 * STRIDE + lane / 16 * 8 + 16 * k;
}

// As A.
DEVICE TileA tileA(const Half* rows, int k) {
  TileA a;
  loadMatrices(a.of, rowOfLane(rows, k));
  return a;
}

// Two neighbouring B.
struct TilesB {
  TileB of[2];
};

// As B, where a row is a column of B.
DEVICE TilesB tilesB(const Half* rows, int k) {
  uint32_t x[4];
  loadMatrices(x, rowOfLane(rows, k));
  return {{{{x[0], x[2]}}, {{x[1], x[3]}}}};
}

// As B, where a row is a row of B.
DEVICE TilesB tilesBOfRows(const Half* rows, int k) {
  uint32_t x[4];
  loadMatricesTransposed(x, rowOfLane(rows, k));
  return {{{{x[0], x[1]}}, {{x[2], x[3]}}}};
}

// Two neighbouring results as the next product's operand.
DEVICE TileA asOperand(const TileD& left, const TileD& right) {
  return {{packed<X>(left.of[0], left.of[1]), packed<X>(left.of[2], left.of[3]), packed<X>(right.of[0], right.of[1]),
           packed<X>(right.of[2], right.of[3])}};
}

// A warp's own rows as A, of all rows of the block.
DEVICE void take(TileA (&own)[OWN][HEAD / 16], const Half* rows) {
#pragma unroll
  for (int m = 0; m < OWN; m++)
#pragma unroll
    for (int k = 0; k < HEAD / 16; k++) own[m][k] = tileA(rows + (threadIdx.x / WARP * OWN + m) * 16 * STRIDE, k);
}

// Which keys of a tile there are to look at, a bit each.
struct Visible {
  uint64_t keys;
  DEVICE bool all() const { return keys == ~0ull >> (64 - TILE); }
  DEVICE bool none() const { return keys == 0; }
  DEVICE bool at(int key) const { return keys >> key & 1; }
};

// All lanes of a warp must come.
DEVICE Visible visible(const Heads& h, int b, int begin) {
  uint64_t keys = 0;
#pragma unroll
  for (int i = 0; i < TILE; i += WARP) {
    int s = begin + i + threadIdx.x % WARP;
    bool isSeen = s < h.time && (!h.hasIgnored || h.ignored.at[(int64_t)b * h.time + s] == 0);
    keys |= (uint64_t)__ballot_sync(EVERYBODY, isSeen) << i;
  }
  return {keys};
}

// Two neighbouring elements of a row, of which the second may be beyond the head's end.
template <typename T>
DEVICE void setPair(const Out<T>& y, int64_t row, int d, float left, float right) {
  if (SIZE % 2 == 0) {
    if (d < SIZE) y.setSeveral(row + d, Values<2>{{left, right}});
  } else {
    if (d < SIZE) y.set(row + d, left);
    if (d + 1 < SIZE) y.set(row + d + 1, right);
  }
}
