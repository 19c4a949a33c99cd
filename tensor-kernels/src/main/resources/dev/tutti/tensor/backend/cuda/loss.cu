// graph/LossOp.java. A loss is summed over all rows in the same order at every run: rows by blocks, then blocks by one.
//
//   X  element type of logits and predictions
//   Y  of their gradient

struct Classes {
  In<X> logits;
  In<i32> labels;
  // One number.
  In<f32> gradient;
  Out<Y> y;
  Out<f32> losses;
  // Of each row the logarithm of the sum of exponentials: cross_entropy makes it, its gradient takes it.
  float* logarithms;
  int64_t rows;
  int columns, ignored, hasIgnored;
  float smoothing;
};

DEVICE bool isIgnored(const Classes& c, int64_t row) { return c.hasIgnored && c.labels.at[row] == c.ignored; }

#define AT_ONCE 4

// A row's loss, 0 if it is ignored. The row is read once: a thread's sum is of exponentials above the largest number that it has seen so far.
template <typename Team>
DEVICE void crossEntropy(const Classes& c) {
  int64_t row = Team::row();
  if (row >= c.rows) return;
  const int64_t begin = row * c.columns;
  float largest = -INFINITY, sum = 0.0f, all = 0.0f;
  for (int first = Team::rank(); first < c.columns; first += AT_ONCE * Team::size()) {
    float x[AT_ONCE], above = largest;
#pragma unroll
    for (int k = 0; k < AT_ONCE; k++) {
      int i = first + k * Team::size();
      x[k] = i < c.columns ? c.logits[begin + i] : -INFINITY;
      if (i < c.columns) all += x[k];
      above = fmaxf(above, x[k]);
    }
    // −∞ less −∞ is no number.
    float base = above == -INFINITY ? 0.0f : above;
    sum *= expf(largest - base);
#pragma unroll
    for (int k = 0; k < AT_ONCE; k++) sum += expf(x[k] - base);
    largest = above;
  }
  float above = Team::max(largest), base = above == -INFINITY ? 0.0f : above;
  // fmaxf leaves a NaN out; the exponentials do not.
  float logarithm = base + logf(Team::sum(sum * expf(largest - base)));
  all = Team::sum(all);
  if (Team::rank() == 0) {
    c.logarithms[row] = logarithm;
    int label = c.labels.at[row];
    // No class: whoever looks at the loss is told.
    float target = label >= 0 && label < c.columns ? c.logits[begin + label] : NAN;
    if (c.smoothing > 0.0f) target = (1.0f - c.smoothing) * target + c.smoothing / c.columns * all;
    c.losses.set(row, isIgnored(c, row) ? 0.0f : logarithm - target);
  }
}

KERNEL(256, cross_entropy, Classes) { crossEntropy<BlockTeam>(arguments); }
KERNEL(256, cross_entropy_of_warps, Classes) { crossEntropy<WarpTeam>(arguments); }

template <typename Team>
DEVICE void crossEntropyGradient(const Classes& c) {
  int64_t row = Team::row();
  if (row >= c.rows) return;
  const int64_t begin = row * c.columns;
  float logarithm = c.logarithms[row], scale = c.gradient[0], rest = c.smoothing / c.columns;
  bool ignored = isIgnored(c, row);
  int label = c.labels.at[row];
  for (int first = Team::rank(); first < c.columns; first += AT_ONCE * Team::size()) {
    float x[AT_ONCE];
#pragma unroll
    for (int k = 0; k < AT_ONCE; k++) {
      int i = first + k * Team::size();
      x[k] = i < c.columns ? c.logits[begin + i] : 0.0f;
    }
#pragma unroll
    for (int k = 0; k < AT_ONCE; k++) {
      int i = first + k * Team::size();
      float target = (i == label ? 1.0f - c.smoothing : 0.0f) + rest;
      if (i < c.columns) c.y.set(begin + i, ignored ? 0.0f : scale * (expf(x[k] - logarithm) - target));
    }
  }
}

KERNEL(256, cross_entropy_gradient, Classes) { crossEntropyGradient<BlockTeam>(arguments); }
KERNEL(256, cross_entropy_gradient_of_warps, Classes) { crossEntropyGradient<WarpTeam>(arguments); }

struct Errors {
  In<X> predictions;
  In<f32> targets;
  In<f32> gradient;
  Out<Y> y;
  Out<f32> losses;
  int64_t count;
  float columns;
};

DEVICE float softplus(float x) { return fmaxf(x, 0.0f) + log1pf(expf(-fabsf(x))) + 0.0f * x; }

// Each block's part of the sum.
KERNEL(256, squared_error, Errors) {
  float sum = 0.0f;
  FOR_EACH(i, arguments.count) {
    float error = arguments.predictions[i] - arguments.targets[i];
    sum += error * error;
  }
  sum = sumOfBlock(sum);
  if (threadIdx.x == 0) arguments.losses.set(blockIdx.x, sum);
}

KERNEL(256, squared_error_gradient, Errors) {
  float factor = 2.0f * arguments.gradient[0] / arguments.columns;
  FOR_EACH(i, arguments.count) arguments.y.set(i, factor * (arguments.predictions[i] - arguments.targets[i]));
}

KERNEL(256, binary_cross_entropy, Errors) {
  float sum = 0.0f;
  FOR_EACH(i, arguments.count) {
    float x = arguments.predictions[i];
    sum += softplus(x) - arguments.targets[i] * x;
  }
  sum = sumOfBlock(sum);
  if (threadIdx.x == 0) arguments.losses.set(blockIdx.x, sum);
}

KERNEL(256, binary_cross_entropy_gradient, Errors) {
  float factor = arguments.gradient[0] / arguments.columns;
  FOR_EACH(i, arguments.count)
    arguments.y.set(i, factor * (Sigmoid::apply(arguments.predictions[i]) - arguments.targets[i]));
}

struct Parts {
  In<f32> parts;
  Out<f32> y;
  int64_t count;
  float divisor;
};

// One block.
KERNEL(1024, sum_parts, Parts) {
  float sum = 0.0f;
  for (int64_t i = threadIdx.x; i < arguments.count; i += blockDim.x) sum += arguments.parts[i];
  sum = sumOfBlock(sum);
  if (threadIdx.x == 0) arguments.y.set(0, sum / arguments.divisor);
}
