// What both kinds of attention have in common: where queries, keys and values lie, what is asked of a kernel, and the dots of the way back.

struct Heads {
  In<X> qkv;
  In<i32> ignored;
  int samples, heads, time, size, causal, hasIgnored;
  float scale;
};

DEVICE int64_t place(const Heads& h, int which, int b, int head, int t) {
  int64_t width = (int64_t)h.heads * h.size;
  return ((int64_t)b * h.time + t) * 3 * width + which * width + (int64_t)head * h.size;
}

DEVICE int64_t outputPlace(const Heads& h, int b, int head, int t) {
  return (((int64_t)b * h.time + t) * h.heads + head) * h.size;
}

// Whether a query at t looks at a key at s; beyond the end there are none.
DEVICE bool sees(const Heads& h, int b, int t, int s) {
  return t < h.time && s < h.time && (!h.causal || s <= t) && (!h.hasIgnored || h.ignored.at[(int64_t)b * h.time + s] == 0);
}

// Which row a warp has: sample, head and time.
struct Row {
  int b, head, t;
};

DEVICE bool row(const Heads& h, Row& r, int64_t& number) {
  number = (int64_t)blockIdx.x * (blockDim.x / WARP) + threadIdx.x / WARP;
  r.t = number % h.time;
  r.head = number / h.time % h.heads;
  r.b = number / h.time / h.heads;
  return r.b < h.samples;
}

struct Forward {
  Heads heads;
  Out<f32> out, logSumExp;
};

struct Backward {
  Heads heads;
  In<X> gradient;
  In<f32> out, logSumExp;
  // Of each row, what attention_dots writes.
  float* dots;
  Out<Y> y;
};

// The sum of gradient · out of each row.
KERNEL(128, attention_dots, Backward) {
  const Heads& h = arguments.heads;
  Row r;
  int64_t number;
  if (!row(h, r, number)) return;
  int64_t output = outputPlace(h, r.b, r.head, r.t);
  float sum = 0.0f;
  for (int d = threadIdx.x % WARP; d < h.size; d += WARP) sum += arguments.gradient[output + d] * arguments.out[output + d];
  sum = sumOfWarp(sum);
  if (threadIdx.x % WARP == 0) arguments.dots[number] = sum;
}
