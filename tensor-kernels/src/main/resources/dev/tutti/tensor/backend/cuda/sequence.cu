// graph/SequenceOp.java, without attention.
//
//   X  element type of operands
//   Y  of the result

struct Looked {
  In<X> table;
  In<i32> ids;
  Out<Y> y;
  int64_t count;
  int width, rows;
};

// Outside of the table there are NaNs.
KERNEL(256, embedding, Looked) {
  FOR_EACH(i, arguments.count) {
    int id = arguments.ids.at[i / arguments.width];
    bool isThere = id >= 0 && id < arguments.rows;
    arguments.y.set(i, isThere ? arguments.table[(int64_t)id * arguments.width + i % arguments.width] : NAN);
  }
}

// The gradient of a table is a sum by segments: places are sorted by their ids, stably, so that a row's places are added up in their order. All that is
// needed is each place's position among the sorted ones: how many ids are smaller, or are the same and came before. Counting is by tiles of ids.
struct Ranked {
  In<i32> ids;
  // Places by id.
  int* sorted;
  int count;
};

#define RANK_TILE 1024

KERNEL(256, rank_ids, Ranked) {
  SHARED int tile[RANK_TILE];
  int place = blockIdx.x * blockDim.x + threadIdx.x;
  int id = place < arguments.count ? arguments.ids.at[place] : 0, position = 0;
  for (int begin = 0; begin < arguments.count; begin += RANK_TILE) {
    int length = min(RANK_TILE, arguments.count - begin);
    __syncthreads();
    for (int i = threadIdx.x; i < length; i += blockDim.x) tile[i] = arguments.ids.at[begin + i];
    __syncthreads();
    for (int i = 0; i < length; i++) position += tile[i] < id || (tile[i] == id && begin + i < place);
  }
  if (place < arguments.count) arguments.sorted[position] = place;
}

struct LookedBack {
  In<X> gradient;
  In<i32> ids;
  const int* sorted;
  // Zeros before.
  Out<Y> table;
  int count, width, rows;
};

// A block for each sorted place; the one at which an id begins goes on to where it ends.
KERNEL(128, embedding_gradient, LookedBack) {
  int first = blockIdx.x, id = arguments.ids.at[arguments.sorted[first]];
  if (id < 0 || id >= arguments.rows) return;
  if (first > 0 && arguments.ids.at[arguments.sorted[first - 1]] == id) return;
  int end = first + 1;
  while (end < arguments.count && arguments.ids.at[arguments.sorted[end]] == id) end++;
  for (int column = threadIdx.x; column < arguments.width; column += blockDim.x) {
    float sum = 0.0f;
    for (int i = first; i < end; i++) sum += arguments.gradient[(int64_t)arguments.sorted[i] * arguments.width + column];
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
