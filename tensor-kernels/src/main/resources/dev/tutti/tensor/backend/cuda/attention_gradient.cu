// The gradient of attention.cu: dk and dv by blocks of keys, dq by blocks of queries, each of which computes the scores again. So every sum has one
// block, which makes it in the same order at every run.
//
//   Y    element type of dqkv
//   OWN  1 where heads are larger than 64

static_assert(ROWS <= 2 * TILE, "a block's own rows must fit where tiles will be");

// Scores of keys and queries become probabilities, and gradients of these become gradients of scores, but for their scale.
DEVICE void differentiate(float& p, float& ds, float scale, float logarithm, float dot) {
  p = exp2OfDevice(__fmaf_rn(p, scale, -logarithm));
  ds = p * (ds - dot);
}

// dk and dv: a block has keys, and goes through the queries that see them.
KERNEL(WARPS * WARP, attention_key_gradient, Backward) {
  const Heads& h = arguments.heads;
  // Queries and gradients of two tiles; the keys and values before they are in registers.
  alignas(16) SHARED Half tiles[4][TILE * STRIDE];
  // Of each query its logarithm and its dot.
  alignas(16) SHARED float statistics[2][TILE * 2];
  int blocks = blocksOfSample(h), head = blockIdx.y, b = blockIdx.x / blocks, first = blockIdx.x % blocks * ROWS;
  int lane = threadIdx.x % WARP, own = first + threadIdx.x / WARP * 16 * OWN;
  int64_t stride = 3ll * h.heads * SIZE, outStride = (int64_t)h.heads * SIZE;
  auto fetchTile = [&](int begin) {
    int at = slot(begin);
    fetch(tiles[at], h.qkv.at + place(h, 0, b, head, 0), stride, begin, TILE, h.time);
    fetch(tiles[at + 1], arguments.gradient.at + outputPlace(h, b, head, 0), outStride, begin, TILE, h.time);
    if (threadIdx.x < TILE) {
      int row = threadIdx.x;
      bool there = begin + row < h.time;
      int64_t from = ((int64_t)b * h.heads + head) * h.time + (there ? begin + row : 0);
      copyAsync4(&statistics[at / 2][2 * row], arguments.logSumExp.at + from, there);
      copyAsync4(&statistics[at / 2][2 * row + 1], arguments.dots + from, there);
    }
    commitCopies();
  };
  fetch(tiles[0], h.qkv.at + place(h, 1, b, head, 0), stride, first, ROWS, h.time);
  fetch(tiles[2], h.qkv.at + place(h, 2, b, head, 0), stride, first, ROWS, h.time);
  commitCopies();
  waitForCopies<0>();
  __syncthreads();
  TileA keys[OWN][HEAD / 16], values[OWN][HEAD / 16];
  take(keys, tiles[0]);
  take(values, tiles[2]);
  __syncthreads();
  // Of this thread's keys, a bit each.
  int seen = 0;
#pragma unroll
  for (int m = 0; m < OWN; m++)
#pragma unroll
    for (int r = 0; r < 2; r++) {
      int s = own + m * 16 + lane / 4 + r * 8;
      if (s < h.time && (!h.hasIgnored || h.ignored.at[(int64_t)b * h.time + s] == 0)) seen |= 1 << (2 * m + r);
    }

  TileD dk[OWN][HEAD / 8] = {}, dv[OWN][HEAD / 8] = {};
  float scale = h.scale * LOG2E;
  int start = h.causal ? first / TILE * TILE : 0;
  fetchTile(start);
  for (int begin = start; begin < h.time; begin += TILE) {
    int at = slot(begin);
    waitForCopies<0>();
    __syncthreads();
    if (begin + TILE < h.time) fetchTile(begin + TILE);
    if (own >= h.time || (h.causal && begin + TILE <= own)) continue;
    bool masks = h.hasIgnored || begin + TILE > h.time || (h.causal && begin < own + 16 * OWN);
#pragma unroll 1
    for (int k = 0; k < TILE / 16; k++) {
      TileD p[OWN][2] = {}, ds[OWN][2] = {};
#pragma unroll
      for (int i = 0; i < HEAD / 16; i++) {
        TilesB query = tilesB(tiles[at] + k * 16 * STRIDE, i);
#pragma unroll
        for (int m = 0; m < OWN; m++)
#pragma unroll
          for (int n = 0; n < 2; n++) multiply<X>(p[m][n], keys[m][i], query.of[n]);
      }
#pragma unroll
      for (int i = 0; i < HEAD / 16; i++) {
        TilesB gradient = tilesB(tiles[at + 1] + k * 16 * STRIDE, i);
#pragma unroll
        for (int m = 0; m < OWN; m++)
#pragma unroll
          for (int n = 0; n < 2; n++) multiply<X>(ds[m][n], values[m][i], gradient.of[n]);
      }
#pragma unroll
      for (int n = 0; n < 2; n++) {
        auto two = *(const Chunk<float, 4>*)&statistics[at / 2][2 * (k * 16 + n * 8 + lane % 4 * 2)];
#pragma unroll
        for (int m = 0; m < OWN; m++)
#pragma unroll
          for (int i = 0; i < 4; i++)
            differentiate(p[m][n].of[i], ds[m][n].of[i], scale, two.of[i % 2 * 2] * LOG2E, two.of[i % 2 * 2 + 1]);
      }
      if (masks) {
        int t = begin + k * 16 + lane % 4 * 2, left = h.time - t, least = h.causal ? own + lane / 4 - t : -ROWS;
#pragma unroll
        for (int m = 0; m < OWN; m++)
#pragma unroll
          for (int n = 0; n < 2; n++)
#pragma unroll
            for (int i = 0; i < 4; i++) {
              if (!(seen >> (2 * m + i / 2) & 1) || n * 8 + i % 2 >= left || n * 8 + i % 2 < least + m * 16 + i / 2 * 8) {
                p[m][n].of[i] = 0.0f;
                ds[m][n].of[i] = 0.0f;
              }
            }
      }
      TileA weights[OWN], scores[OWN];
#pragma unroll
      for (int m = 0; m < OWN; m++) {
        weights[m] = asOperand(p[m][0], p[m][1]);
        scores[m] = asOperand(ds[m][0], ds[m][1]);
      }
#pragma unroll
      for (int n = 0; n < HEAD / 16; n++) {
        TilesB gradient = tilesBOfRows(tiles[at + 1] + k * 16 * STRIDE, n);
#pragma unroll
        for (int m = 0; m < OWN; m++)
#pragma unroll
          for (int i = 0; i < 2; i++) multiply<X>(dv[m][2 * n + i], weights[m], gradient.of[i]);
      }
#pragma unroll
      for (int n = 0; n < HEAD / 16; n++) {
        TilesB query = tilesBOfRows(tiles[at] + k * 16 * STRIDE, n);
#pragma unroll
        for (int m = 0; m < OWN; m++)
#pragma unroll
          for (int i = 0; i < 2; i++) multiply<X>(dk[m][2 * n + i], scores[m], query.of[i]);
      }
    }
  }
#pragma unroll
  for (int m = 0; m < OWN; m++)
#pragma unroll
    for (int r = 0; r < 2; r++) {
      int s = own + m * 16 + lane / 4 + r * 8;
      if (s >= h.time) continue;
#pragma unroll
      for (int n = 0; n < HEAD / 8; n++) {
        int d = n * 8 + lane % 4 * 2;
        setPair(arguments.y, place(h, 1, b, head, s), d, dk[m][n].of[2 * r] * h.scale, dk[m][n].of[2 * r + 1] * h.scale);
        setPair(arguments.y, place(h, 2, b, head, s), d, dv[m][n].of[2 * r], dv[m][n].of[2 * r + 1]);
      }
    }
}

// dq: a block has queries, and goes through the keys they see.
KERNEL(WARPS * WARP, attention_query_gradient, Backward) {
  const Heads& h = arguments.heads;
  // Keys and values of two tiles; the queries and gradients before they are in registers.
  alignas(16) SHARED Half tiles[4][TILE * STRIDE];
  int blocks = blocksOfSample(h), head = blockIdx.y, b = blockIdx.x / blocks;
  int first = (blocks - 1 - blockIdx.x % blocks) * ROWS;
  int lane = threadIdx.x % WARP, own = first + threadIdx.x / WARP * 16 * OWN;
  int64_t stride = 3ll * h.heads * SIZE, outStride = (int64_t)h.heads * SIZE;
  const Half* keys = h.qkv.at + place(h, 1, b, head, 0);
  const Half* values = h.qkv.at + place(h, 2, b, head, 0);
  fetch(tiles[0], h.qkv.at + place(h, 0, b, head, 0), stride, first, ROWS, h.time);
  fetch(tiles[2], arguments.gradient.at + outputPlace(h, b, head, 0), outStride, first, ROWS, h.time);
  commitCopies();
  waitForCopies<0>();
  __syncthreads();
  TileA queries[OWN][HEAD / 16], gradients[OWN][HEAD / 16];
  take(queries, tiles[0]);
  take(gradients, tiles[2]);
  __syncthreads();
  float logarithms[OWN][2], dots[OWN][2];
#pragma unroll
  for (int m = 0; m < OWN; m++)
#pragma unroll
    for (int r = 0; r < 2; r++) {
      int t = min(own + m * 16 + lane / 4 + r * 8, h.time - 1);
      int64_t row = ((int64_t)b * h.heads + head) * h.time + t;
      logarithms[m][r] = arguments.logSumExp[row] * LOG2E;
      dots[m][r] = arguments.dots[row];
    }

  TileD dq[OWN][HEAD / 8] = {};
  float scale = h.scale * LOG2E;
  int end = h.causal ? min(h.time, first + ROWS) : h.time;
  auto fetchTile = [&](int begin) {
    fetch(tiles[slot(begin)], keys, stride, begin, TILE, h.time);
    fetch(tiles[slot(begin) + 1], values, stride, begin, TILE, h.time);
    commitCopies();
  };
  fetchTile(0);
  for (int begin = 0; begin < end; begin += TILE) {
    int at = slot(begin);
    waitForCopies<0>();
    __syncthreads();
    if (begin + TILE < end) fetchTile(begin + TILE);
    Visible seen = visible(h, b, begin);
    if (own >= h.time || (h.causal && begin >= own + 16 * OWN) || seen.none()) continue;
    bool masks = !seen.all() || (h.causal && begin + TILE > own + 1);
#pragma unroll 1
    for (int k = 0; k < TILE / 16; k++) {
      TileD p[OWN][2] = {}, ds[OWN][2] = {};
#pragma unroll
      for (int i = 0; i < HEAD / 16; i++) {
        TilesB key = tilesB(tiles[at] + k * 16 * STRIDE, i), value = tilesB(tiles[at + 1] + k * 16 * STRIDE, i);
#pragma unroll
        for (int m = 0; m < OWN; m++)
#pragma unroll
          for (int n = 0; n < 2; n++) {
            multiply<X>(p[m][n], queries[m][i], key.of[n]);
            multiply<X>(ds[m][n], gradients[m][i], value.of[n]);
          }
      }
      TileA scores[OWN];
#pragma unroll
      for (int m = 0; m < OWN; m++) {
#pragma unroll
        for (int n = 0; n < 2; n++)
#pragma unroll
          for (int i = 0; i < 4; i++) {
            int t = own + m * 16 + lane / 4 + i / 2 * 8, key = k * 16 + n * 8 + lane % 4 * 2 + i % 2;
            differentiate(p[m][n].of[i], ds[m][n].of[i], scale, logarithms[m][i / 2], dots[m][i / 2]);
            if (masks && (!seen.at(key) || (h.causal && begin + key > t))) ds[m][n].of[i] = 0.0f;
          }
        scores[m] = asOperand(ds[m][0], ds[m][1]);
      }
#pragma unroll
      for (int n = 0; n < HEAD / 16; n++) {
        TilesB key = tilesBOfRows(tiles[at] + k * 16 * STRIDE, n);
#pragma unroll
        for (int m = 0; m < OWN; m++)
#pragma unroll
          for (int i = 0; i < 2; i++) multiply<X>(dq[m][2 * n + i], scores[m], key.of[i]);
      }
    }
  }
#pragma unroll
  for (int m = 0; m < OWN; m++)
#pragma unroll
    for (int r = 0; r < 2; r++) {
      int t = own + m * 16 + lane / 4 + r * 8;
      if (t >= h.time) continue;
#pragma unroll
      for (int n = 0; n < HEAD / 8; n++)
        setPair(arguments.y, place(h, 0, b, head, t), n * 8 + lane % 4 * 2, dq[m][n].of[2 * r] * h.scale,
                dq[m][n].of[2 * r + 1] * h.scale);
    }
}
