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
  int64_t rows;
  int columns, ignored, hasIgnored;
  float smoothing;
};

DEVICE bool isIgnored(const Classes& c, int64_t row) { return c.hasIgnored && c.labels.at[row] == c.ignored; }

// log of the sum of exponentials of a row, by all threads of a block.
DEVICE float logSumExp(const Classes& c, int64_t row) {
  const int64_t begin = row * c.columns;
  float largest = -INFINITY;
  for (int i = threadIdx.x; i < c.columns; i += blockDim.x) largest = fmaxf(largest, c.logits[begin + i]);
  largest = maxOfBlock(largest);
  float sum = 0.0f;
  for (int i = threadIdx.x; i < c.columns; i += blockDim.x) sum += expf(c.logits[begin + i] - largest);
  // fmaxf leaves a NaN out; the exponentials do not.
  return largest + logf(sumOfBlock(sum));
}

// One row a block: its loss, 0 if it is ignored.
KERNEL(128, cross_entropy, Classes) {
  int64_t row = blockIdx.x;
  float logarithm = logSumExp(arguments, row);
  const int64_t begin = row * arguments.columns;
  float all = 0.0f;
  if (arguments.smoothing > 0.0f)
    for (int i = threadIdx.x; i < arguments.columns; i += blockDim.x) all += arguments.logits[begin + i];
  all = sumOfBlock(all);
  if (threadIdx.x == 0) {
    int label = arguments.labels.at[row];
    // No class: whoever looks at the loss is told.
    float ofLabel = label >= 0 && label < arguments.columns ? arguments.logits[begin + label] : NAN;
    float target = (1.0f - arguments.smoothing) * ofLabel + arguments.smoothing / arguments.columns * all;
    arguments.losses.set(row, isIgnored(arguments, row) ? 0.0f : logarithm - target);
  }
}

KERNEL(128, cross_entropy_gradient, Classes) {
  int64_t row = blockIdx.x;
  float logarithm = logSumExp(arguments, row);
  const int64_t begin = row * arguments.columns;
  float scale = arguments.gradient[0], rest = arguments.smoothing / arguments.columns;
  bool ignored = isIgnored(arguments, row);
  int label = arguments.labels.at[row];
  for (int i = threadIdx.x; i < arguments.columns; i += blockDim.x) {
    float target = (i == label ? 1.0f - arguments.smoothing : 0.0f) + rest;
    arguments.y.set(begin + i, ignored ? 0.0f : scale * (expf(arguments.logits[begin + i] - logarithm) - target));
  }
}

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
