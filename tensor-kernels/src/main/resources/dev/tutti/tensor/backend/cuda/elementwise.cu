// Element by element: graph/ElementwiseOp.java, and MatrixOp.AddBias.
//
//   A, B  element types of operands
//   Y     of the result
//   FUNCTION  of Activate and ActivateGradient

#ifndef FUNCTION
#define FUNCTION Identity
#endif

struct Binary {
  In<A> a;
  In<B> b;
  Out<Y> y;
  int64_t count;
};

KERNEL(256, add, Binary) {
  FOR_EACH(i, arguments.count) arguments.y.set(i, arguments.a[i] + arguments.b[i]);
}

// a: gradient, b: saved.
KERNEL(256, activate_gradient, Binary) {
  FOR_EACH(i, arguments.count) arguments.y.set(i, arguments.a[i] * FUNCTION::derivative(arguments.b[i]));
}

// As a relu's gradient: passed on, or not, whatever it is.
KERNEL(256, relu_gradient, Binary) {
  FOR_EACH(i, arguments.count) arguments.y.set(i, arguments.b[i] > 0.0f ? arguments.a[i] : 0.0f);
}

struct Unary {
  In<A> x;
  Out<Y> y;
  int64_t count;
};

KERNEL(256, activate, Unary) {
  FOR_EACH(i, arguments.count) arguments.y.set(i, FUNCTION::apply(arguments.x[i]));
}

// Between float types.
KERNEL(256, cast, Unary) {
  FOR_EACH(i, arguments.count) arguments.y.set(i, arguments.x[i]);
}

struct Scaled {
  In<A> x;
  In<B> scalar;
  Out<Y> y;
  int64_t count;
  float factor;
};

KERNEL(256, scale, Scaled) {
  float factor = arguments.factor * arguments.scalar[0];
  FOR_EACH(i, arguments.count) arguments.y.set(i, factor * arguments.x[i]);
}

struct Biased {
  In<A> x;
  In<B> bias;
  Out<Y> y;
  int64_t count, biases;
};

KERNEL(256, add_bias, Biased) {
  FOR_EACH(i, arguments.count) arguments.y.set(i, arguments.x[i] + arguments.bias[i % arguments.biases]);
}

// ---- dropout: Philox 4x32-10, as random/CounterRandom.java

struct Dropped {
  In<A> x;
  In<i32> key;
  Out<Y> y;
  int64_t count, rowElements, layer;
  float rate, scale;
};

DEVICE uint64_t joined(const In<i32>& key, int low) {
  return (uint32_t)key.at[low] | (uint64_t)(uint32_t)key.at[low + 1] << 32;
}

struct Words {
  uint32_t of[4];
};

DEVICE Words philox(uint64_t seed, uint64_t stream, uint64_t block) {
  uint32_t c0 = (uint32_t)block, c1 = (uint32_t)(block >> 32), c2 = (uint32_t)stream, c3 = (uint32_t)(stream >> 32);
  uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
  for (int round = 0; round < 10; round++) {
    uint32_t high0 = __umulhi(0xD2511F53u, c0), low0 = 0xD2511F53u * c0;
    uint32_t high1 = __umulhi(0xCD9E8D57u, c2), low1 = 0xCD9E8D57u * c2;
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

KERNEL(256, dropout, Dropped) {
  uint64_t seed = joined(arguments.key, 0) + (uint64_t)arguments.layer, step = joined(arguments.key, 2);
  uint64_t first = joined(arguments.key, 4) * (uint64_t)arguments.rowElements;
  // Four numbers of a block at a time.
  uint64_t firstBlock = first >> 2, blocks = ((first + arguments.count + 3) >> 2) - firstBlock;
  FOR_EACH(b, (int64_t)blocks) {
    Words words = philox(seed, step, firstBlock + b);
    for (int word = 0; word < 4; word++) {
      int64_t i = (int64_t)((firstBlock + b) * 4 + word - first);
      if (i >= 0 && i < arguments.count) {
        float uniform = (float)(words.of[word] >> 8) * 0x1p-24f;
        arguments.y.set(i, uniform >= arguments.rate ? arguments.scale * arguments.x[i] : 0.0f);
      }
    }
  }
}
