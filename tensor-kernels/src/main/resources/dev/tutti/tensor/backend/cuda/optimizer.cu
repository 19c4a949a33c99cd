// optimizer/UpdateRule.java, element by element, with the same bits: compiled without contraction to fused multiply-adds.
//
//   RULE  Sgd, HeavyBall, Nesterov, Adam, RmsProp, RmsPropMomentum or Adagrad

#ifndef RULE
#define RULE Sgd
#endif

struct Update {
  float* parameters;
  In<f32> gradients;
  float* state[2];
  // Of this update, as the rule's factors() says.
  const float* factors;
  int64_t count;
  // Regularization: clip is infinite for none, shrink is 1 − rate · decay, width is that of rows which are left alone if all of their gradient is 0, else 0.
  float clip, shrink, l1, l2;
  int width;
};

struct Sgd {
  static DEVICE float apply(float p, float g, const Update& a, int64_t) { return p - a.factors[0] * g; }
};

struct HeavyBall {
  static DEVICE float apply(float p, float g, const Update& a, int64_t i) {
    float velocity = a.factors[1] * a.state[0][i] + g;
    a.state[0][i] = velocity;
    return p - a.factors[0] * velocity;
  }
};

struct Nesterov {
  static DEVICE float apply(float p, float g, const Update& a, int64_t i) {
    float velocity = a.factors[1] * a.state[0][i] + g;
    a.state[0][i] = velocity;
    return p - a.factors[0] * (g + a.factors[1] * velocity);
  }
};

struct Adam {
  static DEVICE float apply(float p, float g, const Update& a, int64_t i) {
    const float* f = a.factors;
    float mean = f[0] * a.state[0][i] + f[1] * g;
    float square = f[2] * a.state[1][i] + f[3] * g * g;
    a.state[0][i] = mean;
    a.state[1][i] = square;
    return p - f[5] * mean / (sqrtf(square) / f[6] + f[4]);
  }
};

DEVICE float meanSquare(float g, const Update& a, int64_t i) {
  float square = a.factors[1] * a.state[0][i] + a.factors[2] * g * g;
  a.state[0][i] = square;
  return square;
}

struct RmsProp {
  static DEVICE float apply(float p, float g, const Update& a, int64_t i) {
    return p - a.factors[0] * g / (sqrtf(meanSquare(g, a, i)) + a.factors[3]);
  }
};

struct RmsPropMomentum {
  static DEVICE float apply(float p, float g, const Update& a, int64_t i) {
    float b = a.factors[4] * a.state[1][i] + g / (sqrtf(meanSquare(g, a, i)) + a.factors[3]);
    a.state[1][i] = b;
    return p - a.factors[0] * b;
  }
};

struct Adagrad {
  static DEVICE float apply(float p, float g, const Update& a, int64_t i) {
    float sum = a.state[0][i] + g * g;
    a.state[0][i] = sum;
    return p - a.factors[0] * g / (sqrtf(sum) + a.factors[1]);
  }
};

DEVICE float sign(float x) { return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x; }

DEVICE void step(const Update& a, int64_t i) {
  float p = a.parameters[i], g = a.gradients[i];
  // A NaN stays one.
  if (g > a.clip) g = a.clip;
  if (g < -a.clip) g = -a.clip;
  if (a.shrink != 1.0f) p *= a.shrink;
  if (a.l1 > 0.0f) g += a.l1 * sign(p);
  if (a.l2 > 0.0f) g += a.l2 * p;
  a.parameters[i] = RULE::apply(p, g, a, i);
}

KERNEL(256, update, Update) {
  FOR_EACH(i, arguments.count) step(arguments, i);
}

// A row a block.
KERNEL(128, update_rows, Update) {
  const int64_t begin = (int64_t)blockIdx.x * arguments.width;
  float touched = 0.0f;
  for (int i = threadIdx.x; i < arguments.width; i += blockDim.x) touched += arguments.gradients[begin + i] != 0.0f ? 1.0f : 0.0f;
  if (sumOfBlock(touched) == 0.0f) return;
  for (int i = threadIdx.x; i < arguments.width; i += blockDim.x) step(arguments, begin + i);
}

struct Average {
  float* parameters;
  In<f32> statistics;
  int64_t count;
  float rate;
};

// Of what is not trained: part of the way towards a statistic that comes as its gradient.
KERNEL(256, average, Average) {
  FOR_EACH(i, arguments.count) {
    float w = arguments.parameters[i];
    arguments.parameters[i] = w + arguments.rate * (arguments.statistics[i] - w);
  }
}
