// SequenceOp.Attention and its gradient, a warp for each row, in f32 on the cores: for f32, and for heads that attention.cu is not made for.
//
//   X  element type of queries, keys, values and of the gradient that comes in
//   Y  of dqkv

DEVICE float dot(const In<X>& x, int64_t a, int64_t b, int size) {
  float sum = 0.0f;
  for (int d = 0; d < size; d++) sum += x[a + d] * x[b + d];
  return sum;
}

KERNEL(128, attention_rows, Forward) {
  const Heads& h = arguments.heads;
  Row r;
  int64_t number;
  if (!row(h, r, number)) return;
  int lane = threadIdx.x % WARP, last = h.causal ? r.t + 1 : h.time;
  int64_t query = place(h, 0, r.b, r.head, r.t), output = outputPlace(h, r.b, r.head, r.t);
  float largest = -INFINITY, sum = 0.0f;
  for (int s = lane; s < last; s += WARP)
    if (sees(h, r.b, r.t, s)) {
      float score = h.scale * dot(h.qkv, query, place(h, 1, r.b, r.head, s), h.size);
      float larger = fmaxf(largest, score);
      // A NaN is in the sum from here on.
      sum = sum * (largest == larger ? 1.0f : expf(largest - larger)) + expf(score - larger);
      largest = larger;
    }
  float all = maxOfWarp(largest);
  sum = sumOfWarp(all == -INFINITY ? sum : sum * (largest == all ? 1.0f : expf(largest - all)));
  float logarithm = sum == 0.0f ? 0.0f : all + logf(sum);
  if (lane == 0) arguments.logSumExp.set(number, logarithm);
  for (int from = 0; from < h.size; from += WARP) {
    int d = from + lane;
    float value = 0.0f;
    for (int begin = 0; begin < last; begin += WARP) {
      int s = begin + lane;
      float p = sees(h, r.b, r.t, s)
                    ? expf(h.scale * dot(h.qkv, query, place(h, 1, r.b, r.head, s), h.size) - logarithm)
                    : 0.0f;
      for (int i = 0; i < WARP && begin + i < last; i++) {
        float of = __shfl_sync(EVERYBODY, p, i);
        if (d < h.size && of != 0.0f) value += of * h.qkv[place(h, 2, r.b, r.head, begin + i) + d];
      }
    }
    if (d < h.size) arguments.out.set(output + d, value);
  }
}

DEVICE float probability(const Backward& a, const Row& r, int t, int s) {
  const Heads& h = a.heads;
  if (!sees(h, r.b, t, s)) return 0.0f;
  float score = h.scale * dot(h.qkv, place(h, 0, r.b, r.head, t), place(h, 1, r.b, r.head, s), h.size);
  return expf(score - a.logSumExp[((int64_t)r.b * h.heads + r.head) * h.time + t]);
}

// d(score) of one query and one key, with the scale of the scores.
DEVICE float scoreGradient(const Backward& a, const Row& r, int t, int s, float p) {
  if (p == 0.0f) return 0.0f;
  const Heads& h = a.heads;
  int64_t out = outputPlace(h, r.b, r.head, t), value = place(h, 2, r.b, r.head, s);
  float dp = 0.0f;
  for (int d = 0; d < h.size; d++) dp += a.gradient[out + d] * h.qkv[value + d];
  return h.scale * p * (dp - a.dots[((int64_t)r.b * h.heads + r.head) * h.time + t]);
}

// A warp has a time, as a query and as a key.
KERNEL(128, attention_rows_gradient, Backward) {
  const Heads& h = arguments.heads;
  Row r;
  int64_t number;
  if (!row(h, r, number)) return;
  int lane = threadIdx.x % WARP;
  for (int from = 0; from < h.size; from += WARP) {
    int d = from + lane;
    float dq = 0.0f, dk = 0.0f, dv = 0.0f;
    for (int begin = 0; begin < h.time; begin += WARP) {
      int other = begin + lane;
      float asQuery = scoreGradient(arguments, r, r.t, other, probability(arguments, r, r.t, other));
      float p = probability(arguments, r, other, r.t);
      float asKey = other < h.time ? scoreGradient(arguments, r, other, r.t, p) : 0.0f;
      for (int i = 0; i < WARP && begin + i < h.time; i++) {
        float ofQuery = __shfl_sync(EVERYBODY, asQuery, i), ofKey = __shfl_sync(EVERYBODY, asKey, i);
        float weight = __shfl_sync(EVERYBODY, p, i);
        if (d < h.size) {
          if (ofQuery != 0.0f) dq += ofQuery * h.qkv[place(h, 1, r.b, r.head, begin + i) + d];
          if (ofKey != 0.0f) dk += ofKey * h.qkv[place(h, 0, r.b, r.head, begin + i) + d];
          if (weight != 0.0f) dv += weight * arguments.gradient[outputPlace(h, r.b, r.head, begin + i) + d];
        }
      }
    }
    if (d < h.size) {
      arguments.y.set(place(h, 0, r.b, r.head, r.t) + d, dq);
      arguments.y.set(place(h, 1, r.b, r.head, r.t) + d, dk);
      arguments.y.set(place(h, 2, r.b, r.head, r.t) + d, dv);
    }
  }
}
