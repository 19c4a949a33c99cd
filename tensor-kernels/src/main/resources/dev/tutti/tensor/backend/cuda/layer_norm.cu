// NormalizationOp.LayerNorm and its gradient, in f32: each row is read once.
//
//   X, G  element types of the operand and of gradients
//   Y     of the result

struct LayerNorm {
  In<X> x;
  In<f32> gamma, beta;
  Out<Y> y;
  Out<f32> means, inverseDeviations;
  int rows, columns;
  float epsilon;
};

template <typename Team>
DEVICE void layerNorm(const LayerNorm& a) {
  int64_t row = Team::row();
  if (row >= a.rows) return;
  bool isAligned = hasAlignedChunks(a.x, a.columns), isWritten = hasAlignedChunks(a.y, a.columns);
  bool areParameters = hasAlignedChunks(a.gamma, a.columns) && hasAlignedChunks(a.beta, a.columns);
  Values<CHUNK> x[CHUNKS];
  float sum = 0.0f;
  EACH_CHUNK(j) {
    x[j] = chunkAt(a.x, row, columnOf<Team>(j), a.columns, isAligned);
    EACH_OF_CHUNK(k) sum += x[j].of[k];
  }
  float mean = Team::sum(sum) / a.columns, squares = 0.0f;
  EACH_CHUNK(j) EACH_OF_CHUNK(k) {
    float difference = x[j].of[k] - mean;
    if (columnOf<Team>(j) + k < a.columns) squares += difference * difference;
  }
  float inverseDeviation = 1.0f / sqrtf(Team::sum(squares) / a.columns + a.epsilon);
  if (Team::rank() == 0) {
    a.means.set(row, mean);
    a.inverseDeviations.set(row, inverseDeviation);
  }
  EACH_CHUNK(j) {
    int column = columnOf<Team>(j);
    if (column >= a.columns) continue;
    Values<CHUNK> gamma = chunkAt(a.gamma, 0, column, a.columns, areParameters);
    Values<CHUNK> beta = chunkAt(a.beta, 0, column, a.columns, areParameters);
    EACH_OF_CHUNK(k) x[j].of[k] = (x[j].of[k] - mean) * inverseDeviation * gamma.of[k] + beta.of[k];
    setChunk(a.y, row, column, a.columns, isWritten, x[j]);
  }
}

KERNEL(256, layer_norm, LayerNorm) { layerNorm<BlockTeam>(arguments); }
KERNEL(256, layer_norm_of_warps, LayerNorm) { layerNorm<WarpTeam>(arguments); }

struct LayerNormGradient {
  In<G> gradient;
  In<X> x;
  In<f32> gamma, means, inverseDeviations;
  // May lie where the gradient does.
  Out<Y> dx;
  int rows, columns;
};

template <typename Team>
DEVICE void layerNormGradient(const LayerNormGradient& a) {
  int64_t row = Team::row();
  if (row >= a.rows) return;
  bool isAligned = hasAlignedChunks(a.x, a.columns), isGradient = hasAlignedChunks(a.gradient, a.columns);
  bool isParameter = hasAlignedChunks(a.gamma, a.columns), isWritten = hasAlignedChunks(a.dx, a.columns);
  float mean = a.means[row], inverseDeviation = a.inverseDeviations[row];
  Values<CHUNK> scaled[CHUNKS], normalized[CHUNKS];
  float sum = 0.0f, product = 0.0f;
  EACH_CHUNK(j) {
    int column = columnOf<Team>(j);
    scaled[j] = chunkAt(a.gradient, row, column, a.columns, isGradient);
    normalized[j] = chunkAt(a.x, row, column, a.columns, isAligned);
    Values<CHUNK> gamma = chunkAt(a.gamma, 0, column, a.columns, isParameter);
    EACH_OF_CHUNK(k) {
      if (column + k >= a.columns) continue;
      scaled[j].of[k] *= gamma.of[k];
      normalized[j].of[k] = (normalized[j].of[k] - mean) * inverseDeviation;
      sum += scaled[j].of[k];
      product += scaled[j].of[k] * normalized[j].of[k];
    }
  }
  sum = Team::sum(sum) / a.columns;
  product = Team::sum(product) / a.columns;
  EACH_CHUNK(j) {
    EACH_OF_CHUNK(k) scaled[j].of[k] = inverseDeviation * (scaled[j].of[k] - sum - normalized[j].of[k] * product);
    setChunk(a.dx, row, columnOf<Team>(j), a.columns, isWritten, scaled[j]);
  }
}

KERNEL(256, layer_norm_gradient, LayerNormGradient) { layerNormGradient<BlockTeam>(arguments); }
KERNEL(256, layer_norm_gradient_of_warps, LayerNormGradient) { layerNormGradient<WarpTeam>(arguments); }
