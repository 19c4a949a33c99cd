// SequenceOp.Attention on tensor cores, in bf16 or f16: no matrix of all scores in memory (Dao 2023, FlashAttention-2).

static_assert(ROWS <= 4 * TILE, "a block's own rows must fit where tiles will be");

DEVICE float quadSum(float x) {
  x += __shfl_xor_sync(EVERYBODY, x, 1);
  return x + __shfl_xor_sync(EVERYBODY, x, 2);
}

DEVICE float quadMax(float x) {
  x = fmaxf(x, __shfl_xor_sync(EVERYBODY, x, 1));
  return fmaxf(x, __shfl_xor_sync(EVERYBODY, x, 2));
}

// A block has queries, and goes through the keys they see.
KERNEL(WARPS * WARP, attention, Forward) {
  const Heads& h = arguments.heads;
  // Keys and values of two tiles; the queries before they are in registers.
  alignas(16) SHARED Half tiles[4][TILE * STRIDE];
  int blocks = blocksOfSample(h), head = blockIdx.y, b = blockIdx.x / blocks;
  // Where later queries see more keys, these are the long blocks: they go first.
  int first = (blocks - 1 - blockIdx.x % blocks) * ROWS;
  int lane = threadIdx.x % WARP, own = first + threadIdx.x / WARP * 16 * OWN;
  int64_t stride = 3ll * h.heads * SIZE;
  const Half* keys = h.qkv.at + place(h, 1, b, head, 0);
  const Half* values = h.qkv.at + place(h, 2, b, head, 0);
  fetch(tiles[0], h.qkv.at + place(h, 0, b, head, 0), stride, first, ROWS, h.time);
  commitCopies();
  waitForCopies<0>();
  __syncthreads();
  TileA queries[OWN][HEAD / 16];
  take(queries, tiles[0]);
  __syncthreads();

  TileD out[OWN][HEAD / 8] = {};
  float largest[OWN][2], sum[OWN][2];
#pragma unroll
  for (int m = 0; m < OWN; m++)
#pragma unroll
    for (int r = 0; r < 2; r++) {
      largest[m][r] = -INFINITY;
      sum[m][r] = 0.0f;
    }
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
    // The tile is there, and nobody reads the one before any more.
    __syncthreads();
    if (begin + TILE < end) fetchTile(begin + TILE);
    Visible seen = visible(h, b, begin);
    if (own >= h.time || (h.causal && begin >= own + 16 * OWN) || seen.none()) continue;
    TileD scores[OWN][TILE / 8] = {};
#pragma unroll
    for (int k = 0; k < HEAD / 16; k++)
#pragma unroll
      for (int n = 0; n < TILE / 16; n++) {
        TilesB right = tilesB(tiles[at] + n * 16 * STRIDE, k);
#pragma unroll
        for (int m = 0; m < OWN; m++) {
          multiply<X>(scores[m][2 * n], queries[m][k], right.of[0]);
          multiply<X>(scores[m][2 * n + 1], queries[m][k], right.of[1]);
        }
      }
    if (!seen.all() || (h.causal && begin + TILE > own + 1)) {
      // From this thread's first key on; and how many keys of the tile its first query sees.
      uint64_t keys = seen.keys >> lane % 4 * 2;
      int most = h.causal ? own + lane / 4 + 1 - begin - lane % 4 * 2 : ROWS;
#pragma unroll
      for (int m = 0; m < OWN; m++)
#pragma unroll
        for (int n = 0; n < TILE / 8; n++)
#pragma unroll
          for (int i = 0; i < 4; i++)
            if (!(keys >> (n * 8 + i % 2) & 1) || n * 8 + i % 2 >= most + m * 16 + i / 2 * 8) scores[m][n].of[i] = -INFINITY;
    }
#pragma unroll
    for (int m = 0; m < OWN; m++)
#pragma unroll
      for (int r = 0; r < 2; r++) {
        float above = largest[m][r];
#pragma unroll
        for (int n = 0; n < TILE / 8; n++)
          above = fmaxf(above, fmaxf(scores[m][n].of[2 * r], scores[m][n].of[2 * r + 1]));
        above = quadMax(above);
        // Of a row that has seen nothing yet: −∞ less −∞ is no number.
        float base = above == -INFINITY ? 0.0f : above * scale;
        float shrunk = exp2OfDevice(largest[m][r] * scale - base), added = 0.0f;
        largest[m][r] = above;
#pragma unroll
        for (int n = 0; n < TILE / 8; n++)
#pragma unroll
          for (int i = 2 * r; i < 2 * r + 2; i++) {
            float p = exp2OfDevice(__fmaf_rn(scores[m][n].of[i], scale, -base));
            scores[m][n].of[i] = p;
            added += p;
          }
        sum[m][r] = sum[m][r] * shrunk + added;
#pragma unroll
        for (int n = 0; n < HEAD / 8; n++)
#pragma unroll
          for (int i = 2 * r; i < 2 * r + 2; i++) out[m][n].of[i] *= shrunk;
      }
#pragma unroll
    for (int k = 0; k < TILE / 16; k++) {
      TileA p[OWN];
#pragma unroll
      for (int m = 0; m < OWN; m++) p[m] = asOperand(scores[m][2 * k], scores[m][2 * k + 1]);
#pragma unroll
      for (int n = 0; n < HEAD / 16; n++) {
        TilesB right = tilesBOfRows(tiles[at + 1] + k * 16 * STRIDE, n);
#pragma unroll
        for (int m = 0; m < OWN; m++) {
          multiply<X>(out[m][2 * n], p[m], right.of[0]);
          multiply<X>(out[m][2 * n + 1], p[m], right.of[1]);
        }
      }
    }
  }
#pragma unroll
  for (int m = 0; m < OWN; m++)
#pragma unroll
    for (int r = 0; r < 2; r++) {
      float all = quadSum(sum[m][r]);
      int t = own + m * 16 + lane / 4 + r * 8;
      if (t >= h.time) continue;
      float inverse = all == 0.0f ? 0.0f : 1.0f / all;
      if (lane % 4 == 0)
        arguments.logSumExp.set(((int64_t)b * h.heads + head) * h.time + t,
                                all == 0.0f ? 0.0f : largest[m][r] * h.scale + logf(all));
#pragma unroll
      for (int n = 0; n < HEAD / 8; n++)
        setPair(arguments.out, outputPlace(h, b, head, t), n * 8 + lane % 4 * 2, out[m][n].of[2 * r] * inverse,
                out[m][n].of[2 * r + 1] * inverse);
    }
}
