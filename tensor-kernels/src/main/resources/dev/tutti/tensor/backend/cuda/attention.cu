// SequenceOp.Attention and its gradient on tensor cores, in bf16 or f16: no matrix of all scores in memory (Dao 2023, FlashAttention-2). Sums in the
// same order at every run: dk and dv by blocks of keys, dq by blocks of queries, each of which computes the scores again.
//
//   X     bf16 or f16: queries, keys, values and the gradient that comes in
//   Y     element type of dqkv
//   HEAD  of a head's size the next multiple of 16
//   TILE  of rows that lie in shared memory at a time: 64, or less where heads are large; a multiple of 16
//
// A block's four warps have 16 rows each.

#define WARPS 4
#define OWN 16
// So that rows of shared memory begin in different banks.
#define PADDING 8
#define LOG2E 1.4426950408889634f

typedef X::Storage Half;

DEVICE uint32_t packed(float low, float high) { return (uint32_t)X::store(low) | (uint32_t)X::store(high) << 16; }

DEVICE uint32_t pairAt(const Half* at) { return (uint32_t)at[0] | (uint32_t)at[1] << 16; }

// Rows [first, first + count) of one of queries, keys and values, or of a gradient, zeros beyond; as they are, or each column a row.
DEVICE void fill(Half* to, const Half* from, int64_t stride, int first, int count, const Heads& h) {
  for (int i = threadIdx.x; i < count * HEAD; i += WARPS * WARP) {
    int row = i / HEAD, d = i % HEAD;
    to[row * (HEAD + PADDING) + d] = first + row < h.time && d < h.size ? from[(first + row) * stride + d] : (Half)0;
  }
}

DEVICE void fillTransposed(Half* to, const Half* from, int64_t stride, int first, const Heads& h) {
  for (int i = threadIdx.x; i < TILE * HEAD; i += WARPS * WARP) {
    int row = i / HEAD, d = i % HEAD;
    to[d * (TILE + PADDING) + row] = first + row < h.time && d < h.size ? from[(first + row) * stride + d] : (Half)0;
  }
}

// Of 16 rows of shared memory from `rows` on, columns 16 · k to 16 · k + 15.
DEVICE TileA tileA(const Half* rows, int stride, int k) {
  int lane = threadIdx.x % WARP, group = lane / 4, pair = lane % 4 * 2;
  const Half* at = rows + group * stride + 16 * k + pair;
  return {{pairAt(at), pairAt(at + 8 * stride), pairAt(at + 8), pairAt(at + 8 * stride + 8)}};
}

// Of 8 rows: they are the columns of B.
DEVICE TileB tileB(const Half* rows, int stride, int k) {
  int lane = threadIdx.x % WARP, group = lane / 4, pair = lane % 4 * 2;
  const Half* at = rows + group * stride + 16 * k + pair;
  return {{pairAt(at), pairAt(at + 8)}};
}

// Two neighbouring results as the next product's operand.
DEVICE TileA asOperand(const TileD& left, const TileD& right) {
  return {{packed(left.of[0], left.of[1]), packed(left.of[2], left.of[3]), packed(right.of[0], right.of[1]),
           packed(right.of[2], right.of[3])}};
}

DEVICE float quadSum(float x) {
  x += __shfl_xor_sync(EVERYBODY, x, 1);
  return x + __shfl_xor_sync(EVERYBODY, x, 2);
}

DEVICE float quadMax(float x) {
  x = fmaxf(x, __shfl_xor_sync(EVERYBODY, x, 1));
  return fmaxf(x, __shfl_xor_sync(EVERYBODY, x, 2));
}

KERNEL(WARPS * WARP, attention, Forward) {
  const Heads& h = arguments.heads;
  SHARED Half keys[TILE * (HEAD + PADDING)];
  SHARED Half values[HEAD * (TILE + PADDING)];
  SHARED Half queries[WARPS * OWN * (HEAD + PADDING)];
  int head = blockIdx.y, b = blockIdx.z, first = blockIdx.x * WARPS * OWN;
  int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
  int64_t stride = 3ll * h.heads * h.size;
  fill(queries, h.qkv.at + place(h, 0, b, head, 0), stride, first, WARPS * OWN, h);
  __syncthreads();
  TileA q[HEAD / 16];
  for (int k = 0; k < HEAD / 16; k++) q[k] = tileA(queries + warp * OWN * (HEAD + PADDING), HEAD + PADDING, k);
  TileD out[HEAD / 8] = {};
  float largest[2] = {-INFINITY, -INFINITY}, sum[2] = {0.0f, 0.0f};
  int end = h.causal ? min(h.time, first + WARPS * OWN) : h.time;
  for (int begin = 0; begin < end; begin += TILE) {
    __syncthreads();
    fill(keys, h.qkv.at + place(h, 1, b, head, 0), stride, begin, TILE, h);
    fillTransposed(values, h.qkv.at + place(h, 2, b, head, 0), stride, begin, h);
    __syncthreads();
    TileD scores[TILE / 8] = {};
    for (int n = 0; n < TILE / 8; n++)
      for (int k = 0; k < HEAD / 16; k++)
        multiply<X>(scores[n], q[k], tileB(keys + n * 8 * (HEAD + PADDING), HEAD + PADDING, k));
    float above[2] = {largest[0], largest[1]};
    for (int n = 0; n < TILE / 8; n++)
      for (int i = 0; i < 4; i++) {
        int t = first + warp * OWN + lane / 4 + i / 2 * 8, s = begin + n * 8 + lane % 4 * 2 + i % 2;
        float& score = scores[n].of[i];
        score = sees(h, b, t, s) ? score * h.scale : -INFINITY;
        above[i / 2] = fmaxf(above[i / 2], score);
      }
    for (int r = 0; r < 2; r++) {
      above[r] = quadMax(above[r]);
      float shrunk = largest[r] == above[r] ? 1.0f : exp2f((largest[r] - above[r]) * LOG2E);
      largest[r] = above[r];
      sum[r] *= shrunk;
      for (int n = 0; n < HEAD / 8; n++)
        for (int i = 2 * r; i < 2 * r + 2; i++) out[n].of[i] *= shrunk;
    }
    for (int n = 0; n < TILE / 8; n++)
      for (int i = 0; i < 4; i++) {
        float& p = scores[n].of[i];
        // Not of a row that has seen nothing yet: −∞ less −∞ is no number.
        p = p == -INFINITY ? 0.0f : exp2f((p - largest[i / 2]) * LOG2E);
        sum[i / 2] += p;
      }
    for (int k = 0; k < TILE / 16; k++) {
      TileA p = asOperand(scores[2 * k], scores[2 * k + 1]);
      for (int n = 0; n < HEAD / 8; n++)
        multiply<X>(out[n], p, tileB(values + n * 8 * (TILE + PADDING), TILE + PADDING, k));
    }
  }
  for (int r = 0; r < 2; r++) {
    sum[r] = quadSum(sum[r]);
    int t = first + warp * OWN + lane / 4 + r * 8;
    if (t >= h.time) continue;
    float inverse = sum[r] == 0.0f ? 0.0f : 1.0f / sum[r];
    if (lane % 4 == 0)
      arguments.logSumExp.set(((int64_t)b * h.heads + head) * h.time + t,
                              sum[r] == 0.0f ? 0.0f : largest[r] + logf(sum[r]));
    for (int n = 0; n < HEAD / 8; n++)
      for (int i = 0; i < 2; i++) {
        int d = n * 8 + lane % 4 * 2 + i;
        if (d < h.size) arguments.out.set(outputPlace(h, b, head, t) + d, out[n].of[2 * r + i] * inverse);
      }
  }
}

DEVICE float probability(const Heads& h, int b, float score, float logarithm, int t, int s) {
  return sees(h, b, t, s) ? exp2f((score * h.scale - logarithm) * LOG2E) : 0.0f;
}

// dk and dv: a block has keys, and goes through the queries that see them.
KERNEL(WARPS * WARP, attention_key_gradient, Backward) {
  const Heads& h = arguments.heads;
  SHARED Half queries[TILE * (HEAD + PADDING)];
  SHARED Half queriesTransposed[HEAD * (TILE + PADDING)];
  SHARED Half gradients[TILE * (HEAD + PADDING)];
  SHARED Half gradientsTransposed[HEAD * (TILE + PADDING)];
  int head = blockIdx.y, b = blockIdx.z, first = blockIdx.x * WARPS * OWN;
  int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
  int64_t stride = 3ll * h.heads * h.size, outStride = (int64_t)h.heads * h.size;
  int64_t rows = ((int64_t)b * h.heads + head) * h.time;
  TileA keys[HEAD / 16], values[HEAD / 16];
  for (int which = 1; which <= 2; which++)
    for (int part = 0; part < WARPS * OWN; part += TILE) {
      __syncthreads();
      fill(queries, h.qkv.at + place(h, which, b, head, 0), stride, first + part, TILE, h);
      __syncthreads();
      int own = warp * OWN - part;
      if (own >= 0 && own < TILE)
        for (int k = 0; k < HEAD / 16; k++)
          (which == 1 ? keys : values)[k] = tileA(queries + own * (HEAD + PADDING), HEAD + PADDING, k);
    }
  TileD dk[HEAD / 8] = {}, dv[HEAD / 8] = {};
  for (int begin = h.causal ? first / TILE * TILE : 0; begin < h.time; begin += TILE) {
    __syncthreads();
    fill(queries, h.qkv.at + place(h, 0, b, head, 0), stride, begin, TILE, h);
    fillTransposed(queriesTransposed, h.qkv.at + place(h, 0, b, head, 0), stride, begin, h);
    fill(gradients, arguments.gradient.at + outputPlace(h, b, head, 0), outStride, begin, TILE, h);
    fillTransposed(gradientsTransposed, arguments.gradient.at + outputPlace(h, b, head, 0), outStride, begin, h);
    __syncthreads();
    for (int k = 0; k < TILE / 16; k++) {
      TileD p[2] = {}, ds[2] = {};
      for (int n = 0; n < 2; n++) {
        int query = (2 * k + n) * 8;
        for (int i = 0; i < HEAD / 16; i++) {
          multiply<X>(p[n], keys[i], tileB(queries + query * (HEAD + PADDING), HEAD + PADDING, i));
          multiply<X>(ds[n], values[i], tileB(gradients + query * (HEAD + PADDING), HEAD + PADDING, i));
        }
        for (int i = 0; i < 4; i++) {
          int s = first + warp * OWN + lane / 4 + i / 2 * 8, t = begin + query + lane % 4 * 2 + i % 2;
          int64_t row = rows + min(t, h.time - 1);
          float weight = probability(h, b, p[n].of[i], arguments.logSumExp[row], t, s);
          p[n].of[i] = weight;
          ds[n].of[i] = weight == 0.0f ? 0.0f : weight * (ds[n].of[i] - arguments.dots[row]) * h.scale;
        }
      }
      TileA weights = asOperand(p[0], p[1]), scores = asOperand(ds[0], ds[1]);
      for (int n = 0; n < HEAD / 8; n++) {
        multiply<X>(dv[n], weights, tileB(gradientsTransposed + n * 8 * (TILE + PADDING), TILE + PADDING, k));
        multiply<X>(dk[n], scores, tileB(queriesTransposed + n * 8 * (TILE + PADDING), TILE + PADDING, k));
      }
    }
  }
  for (int n = 0; n < HEAD / 8; n++)
    for (int i = 0; i < 4; i++) {
      int s = first + warp * OWN + lane / 4 + i / 2 * 8, d = n * 8 + lane % 4 * 2 + i % 2;
      if (s < h.time && d < h.size) {
        arguments.y.set(place(h, 1, b, head, s) + d, dk[n].of[i]);
        arguments.y.set(place(h, 2, b, head, s) + d, dv[n].of[i]);
      }
    }
}

// dq: a block has queries, and goes through the keys they see.
KERNEL(WARPS * WARP, attention_query_gradient, Backward) {
  const Heads& h = arguments.heads;
  SHARED Half keys[TILE * (HEAD + PADDING)];
  SHARED Half keysTransposed[HEAD * (TILE + PADDING)];
  SHARED Half values[TILE * (HEAD + PADDING)];
  int head = blockIdx.y, b = blockIdx.z, first = blockIdx.x * WARPS * OWN;
  int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
  int64_t stride = 3ll * h.heads * h.size, outStride = (int64_t)h.heads * h.size;
  int64_t rows = ((int64_t)b * h.heads + head) * h.time;
  TileA queries[HEAD / 16], gradients[HEAD / 16];
  for (int which = 0; which < 2; which++)
    for (int part = 0; part < WARPS * OWN; part += TILE) {
      __syncthreads();
      if (which == 0)
        fill(keys, h.qkv.at + place(h, 0, b, head, 0), stride, first + part, TILE, h);
      else
        fill(keys, arguments.gradient.at + outputPlace(h, b, head, 0), outStride, first + part, TILE, h);
      __syncthreads();
      int own = warp * OWN - part;
      if (own >= 0 && own < TILE)
        for (int k = 0; k < HEAD / 16; k++)
          (which == 0 ? queries : gradients)[k] = tileA(keys + own * (HEAD + PADDING), HEAD + PADDING, k);
    }
  float logarithms[2], dots[2];
  for (int r = 0; r < 2; r++) {
    int64_t row = rows + min(first + warp * OWN + lane / 4 + r * 8, h.time - 1);
    logarithms[r] = arguments.logSumExp[row];
    dots[r] = arguments.dots[row];
  }
  TileD dq[HEAD / 8] = {};
  int end = h.causal ? min(h.time, first + WARPS * OWN) : h.time;
  for (int begin = 0; begin < end; begin += TILE) {
    __syncthreads();
    fill(keys, h.qkv.at + place(h, 1, b, head, 0), stride, begin, TILE, h);
    fillTransposed(keysTransposed, h.qkv.at + place(h, 1, b, head, 0), stride, begin, h);
    fill(values, h.qkv.at + place(h, 2, b, head, 0), stride, begin, TILE, h);
    __syncthreads();
    for (int k = 0; k < TILE / 16; k++) {
      TileD ds[2] = {};
      for (int n = 0; n < 2; n++) {
        int key = (2 * k + n) * 8;
        TileD p = {};
        for (int i = 0; i < HEAD / 16; i++) {
          multiply<X>(p, queries[i], tileB(keys + key * (HEAD + PADDING), HEAD + PADDING, i));
          multiply<X>(ds[n], gradients[i], tileB(values + key * (HEAD + PADDING), HEAD + PADDING, i));
        }
        for (int i = 0; i < 4; i++) {
          int t = first + warp * OWN + lane / 4 + i / 2 * 8, s = begin + key + lane % 4 * 2 + i % 2;
          float weight = probability(h, b, p.of[i], logarithms[i / 2], t, s);
          ds[n].of[i] = weight == 0.0f ? 0.0f : weight * (ds[n].of[i] - dots[i / 2]) * h.scale;
        }
      }
      TileA scores = asOperand(ds[0], ds[1]);
      for (int n = 0; n < HEAD / 8; n++)
        multiply<X>(dq[n], scores, tileB(keysTransposed + n * 8 * (TILE + PADDING), TILE + PADDING, k));
    }
  }
  for (int n = 0; n < HEAD / 8; n++)
    for (int i = 0; i < 4; i++) {
      int t = first + warp * OWN + lane / 4 + i / 2 * 8, d = n * 8 + lane % 4 * 2 + i % 2;
      if (t < h.time && d < h.size) arguments.y.set(place(h, 0, b, head, t) + d, dq[n].of[i]);
    }
}
