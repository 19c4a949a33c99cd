// graph/SequenceOp.java, without attention.
//
//   X  element type of operands
//   Y  of the result

struct Looked {
  In<X> table;
  In<i32> ids;
  Out<Y> y;
  int64_t count;
  int width;
};

KERNEL(256, embedding, Looked) {
  FOR_EACH(i, arguments.count)
    arguments.y.set(i, arguments.table[(int64_t)arguments.ids.at[i / arguments.width] * arguments.width + i % arguments.width]);
}

struct LookedBack {
  In<X> gradient;
  In<i32> ids;
  // Zeros before.
  Out<Y> table;
  int count, width;
};

// One id a block: the block of an id's first place adds up all of its places, in their order.
KERNEL(128, embedding_gradient, LookedBack) {
  int first = blockIdx.x, id = arguments.ids.at[first];
  float before = 0.0f;
  for (int j = threadIdx.x; j < first; j += blockDim.x) before += arguments.ids.at[j] == id ? 1.0f : 0.0f;
  if (sumOfBlock(before) > 0.0f) return;
  for (int column = threadIdx.x; column < arguments.width; column += blockDim.x) {
    float sum = 0.0f;
    for (int j = first; j < arguments.count; j++)
      if (arguments.ids.at[j] == id) sum += arguments.gradient[(int64_t)j * arguments.width + column];
    arguments.table.set((int64_t)id * arguments.width + column, sum);
  }
}

struct Placed {
  In<X> x;
  // [time, width], made once in f64.
  In<f32> positions;
  Out<Y> y;
  int64_t count, positionCount;
};

KERNEL(256, add_positions, Placed) {
  FOR_EACH(i, arguments.count) arguments.y.set(i, arguments.x[i] + arguments.positions[i % arguments.positionCount]);
}

struct Masked {
  In<i32> ids;
  int* y;
  int64_t count;
  int padding;
};

KERNEL(256, padding_mask, Masked) {
  FOR_EACH(i, arguments.count) arguments.y[i] = arguments.ids.at[i] == arguments.padding;
}

struct Pooled {
  // [samples, time, width], or of the gradient [samples, width].
  In<X> x;
  In<i32> ignored;
  Out<Y> y;
  int64_t count;
  int time, width;
  // Else the last.
  int mean;
};

// The last time that counts, or how many there are.
DEVICE int kept(const Pooled& p, int64_t sample) {
  int kept = p.mean ? 0 : -1;
  for (int t = 0; t < p.time; t++)
    if (p.ignored.at[sample * p.time + t] == 0) kept = p.mean ? kept + 1 : t;
  return kept;
}

KERNEL(256, time_pool, Pooled) {
  FOR_EACH(i, arguments.count) {
    int64_t sample = i / arguments.width, column = i % arguments.width;
    int of = kept(arguments, sample);
    float sum = 0.0f;
    for (int t = 0; t < arguments.time; t++)
      // What is ignored may be anything, also not a number.
      if (arguments.mean ? arguments.ignored.at[sample * arguments.time + t] == 0 : t == of)
        sum += arguments.x[(sample * arguments.time + t) * arguments.width + column];
    arguments.y.set(i, arguments.mean && of > 0 ? sum / of : sum);
  }
}

KERNEL(256, time_pool_gradient, Pooled) {
  FOR_EACH(i, arguments.count) {
    int64_t row = i / arguments.width, sample = row / arguments.time;
    int t = row % arguments.time, of = kept(arguments, sample);
    bool counts = arguments.mean ? arguments.ignored.at[row] == 0 : t == of;
    float gradient = arguments.x[sample * arguments.width + i % arguments.width];
    arguments.y.set(i, !counts ? 0.0f : arguments.mean ? gradient / of : gradient);
  }
}

struct Delayed {
  In<X> x;
  Out<Y> y;
  int64_t count, ofTime;
};

KERNEL(256, delay, Delayed) {
  FOR_EACH(i, arguments.count) arguments.y.set(i, i < arguments.ofTime ? 0.0f : arguments.x[i - arguments.ofTime]);
}
