// graph/NormalizationOp.java: statistics of rows or channels, in f32.
//
//   X, G  element types of the operand and of gradients
//   Y     of the result

struct Rows {
  In<X> x;
  In<G> gradient;
  Out<Y> y;
  int columns;
};

// One row a block.
KERNEL(256, softmax, Rows) {
  const int64_t begin = (int64_t)blockIdx.x * arguments.columns;
  float largest = -INFINITY;
  for (int i = threadIdx.x; i < arguments.columns; i += blockDim.x) largest = fmaxf(largest, arguments.x[begin + i]);
  largest = maxOfBlock(largest);
  float sum = 0.0f;
  for (int i = threadIdx.x; i < arguments.columns; i += blockDim.x) sum += expf(arguments.x[begin + i] - largest);
  sum = sumOfBlock(sum);
  for (int i = threadIdx.x; i < arguments.columns; i += blockDim.x)
    arguments.y.set(begin + i, expf(arguments.x[begin + i] - largest) / sum);
}

// x: softmax's result.
KERNEL(256, softmax_gradient, Rows) {
  const int64_t begin = (int64_t)blockIdx.x * arguments.columns;
  float sum = 0.0f;
  for (int i = threadIdx.x; i < arguments.columns; i += blockDim.x)
    sum += arguments.gradient[begin + i] * arguments.x[begin + i];
  sum = sumOfBlock(sum);
  for (int i = threadIdx.x; i < arguments.columns; i += blockDim.x)
    arguments.y.set(begin + i, arguments.x[begin + i] * (arguments.gradient[begin + i] - sum));
}

// What is normalized together: element k of group g lies at index(g, k). A row, or a channel of images or of [samples, channels].
struct Groups {
  int count, size;
  // 0: groups are runs of elements; else a channel's, of samples first.
  int pixels;
  // Whether gamma and beta have an element for each group, or for each element of one.
  int byGroup;
};

DEVICE int64_t index(const Groups& g, int group, int k) {
  return g.pixels > 0 ? ((int64_t)(k / g.pixels) * g.count + group) * g.pixels + k % g.pixels
                      : (int64_t)group * g.size + k;
}

struct Normalized {
  In<X> x;
  In<f32> gamma, beta;
  Out<Y> y;
  Out<f32> means, inverseDeviations, variances;
  Groups groups;
  float epsilon;
  int hasVariances;
};

// One group a block; layer norm and batch norm.
KERNEL(256, normalize, Normalized) {
  const Groups& groups = arguments.groups;
  int group = blockIdx.x;
  float sum = 0.0f;
  for (int k = threadIdx.x; k < groups.size; k += blockDim.x) sum += arguments.x[index(groups, group, k)];
  float mean = sumOfBlock(sum) / groups.size;
  float squares = 0.0f;
  for (int k = threadIdx.x; k < groups.size; k += blockDim.x) {
    float difference = arguments.x[index(groups, group, k)] - mean;
    squares += difference * difference;
  }
  squares = sumOfBlock(squares);
  float inverseDeviation = 1.0f / sqrtf(squares / groups.size + arguments.epsilon);
  if (threadIdx.x == 0) {
    arguments.means.set(group, mean);
    arguments.inverseDeviations.set(group, inverseDeviation);
    if (arguments.hasVariances) arguments.variances.set(group, squares / (groups.size > 1 ? groups.size - 1 : 1));
  }
  for (int k = threadIdx.x; k < groups.size; k += blockDim.x) {
    int64_t i = index(groups, group, k);
    int parameter = groups.byGroup ? group : k;
    arguments.y.set(i, (arguments.x[i] - mean) * inverseDeviation * arguments.gamma[parameter] + arguments.beta[parameter]);
  }
}

struct Inference {
  In<X> x;
  In<f32> gamma, beta, means, variances;
  Out<Y> y;
  Groups groups;
  float epsilon;
};

KERNEL(256, batch_norm_inference, Inference) {
  const Groups& groups = arguments.groups;
  int group = blockIdx.x;
  float deviation = sqrtf(arguments.variances[group] + arguments.epsilon), mean = arguments.means[group];
  for (int k = threadIdx.x; k < groups.size; k += blockDim.x) {
    int64_t i = index(groups, group, k);
    arguments.y.set(i, (arguments.x[i] - mean) / deviation * arguments.gamma[group] + arguments.beta[group]);
  }
}

struct NormGradient {
  In<G> gradient;
  In<X> x;
  In<f32> gamma, means, inverseDeviations;
  Out<Y> dx;
  Out<f32> dgamma, dbeta;
  Groups groups;
};

// dx, and with gamma by group dgamma and dbeta, which are sums of the same.
KERNEL(256, normalize_gradient, NormGradient) {
  const Groups& groups = arguments.groups;
  int group = blockIdx.x;
  float mean = arguments.means[group], inverseDeviation = arguments.inverseDeviations[group];
  float sum = 0.0f, product = 0.0f;
  for (int k = threadIdx.x; k < groups.size; k += blockDim.x) {
    int64_t i = index(groups, group, k);
    float scaled = arguments.gradient[i] * (groups.byGroup ? 1.0f : arguments.gamma[k]);
    sum += scaled;
    product += scaled * ((arguments.x[i] - mean) * inverseDeviation);
  }
  sum = sumOfBlock(sum);
  product = sumOfBlock(product);
  if (groups.byGroup && threadIdx.x == 0) {
    arguments.dgamma.set(group, product);
    arguments.dbeta.set(group, sum);
  }
  float gamma = groups.byGroup ? arguments.gamma[group] : 1.0f;
  sum *= gamma / groups.size;
  product *= gamma / groups.size;
  for (int k = threadIdx.x; k < groups.size; k += blockDim.x) {
    int64_t i = index(groups, group, k);
    float normalized = (arguments.x[i] - mean) * inverseDeviation;
    float scaled = arguments.gradient[i] * (groups.byGroup ? gamma : arguments.gamma[k]);
    arguments.dx.set(i, inverseDeviation * (scaled - sum - normalized * product));
  }
}

// Of rows: dgamma and dbeta of a part of them, [parts, columns] each; column_sum makes one of the parts.
struct NormWeights {
  In<G> gradient;
  In<X> x;
  In<f32> means, inverseDeviations;
  Out<f32> dgamma, dbeta;
  int rows, columns, rowsOfPart;
};

#define LANES 32
#define ROWS_AT_ONCE 8

KERNEL(256, norm_weight_gradient, NormWeights) {
  SHARED float gammas[ROWS_AT_ONCE][LANES + 1];
  SHARED float betas[ROWS_AT_ONCE][LANES + 1];
  int lane = threadIdx.x % LANES, part = threadIdx.x / LANES;
  int column = blockIdx.x * LANES + lane;
  int begin = blockIdx.y * arguments.rowsOfPart, end = min(begin + arguments.rowsOfPart, arguments.rows);
  float dgamma = 0.0f, dbeta = 0.0f;
  if (column < arguments.columns)
#pragma unroll 4
    for (int row = begin + part; row < end; row += ROWS_AT_ONCE) {
      int64_t i = (int64_t)row * arguments.columns + column;
      float gradient = arguments.gradient[i];
      dgamma += gradient * ((arguments.x[i] - arguments.means[row]) * arguments.inverseDeviations[row]);
      dbeta += gradient;
    }
  gammas[part][lane] = dgamma;
  betas[part][lane] = dbeta;
  __syncthreads();
  if (part == 0 && column < arguments.columns) {
    for (int p = 1; p < ROWS_AT_ONCE; p++) {
      dgamma += gammas[p][lane];
      dbeta += betas[p][lane];
    }
    int64_t i = (int64_t)blockIdx.y * arguments.columns + column;
    arguments.dgamma.set(i, dgamma);
    arguments.dbeta.set(i, dbeta);
  }
}
