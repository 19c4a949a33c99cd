// Element by element: graph/ElementwiseOp.java, and MatrixOp.AddBias.
//
//   A, B  element types of operands
//   Y     of the result
//   FUNCTION  of Activate and ActivateGradient

#ifndef FUNCTION
#define FUNCTION Identity
#endif

union Longest {
  A::Storage a;
  B::Storage b;
  Y::Storage y;
};

// Elements that are read or written at once.
#define AT_ONCE (16 / (int)sizeof(Longest))

// Each thread's elements: of.at<n>(i) for AT_ONCE at a time if all tensors lie so, and one at a time where there are not so many, or tensors do not.
// What is done with an element is the same.
template <typename Work>
DEVICE void forEach(int64_t count, bool areAligned, const Work& of) {
  int64_t thread = (int64_t)blockIdx.x * blockDim.x + threadIdx.x, threads = (int64_t)gridDim.x * blockDim.x;
  int64_t whole = areAligned ? count / AT_ONCE * AT_ONCE : 0;
  for (int64_t i = thread * AT_ONCE; i < whole; i += threads * AT_ONCE) of.template at<AT_ONCE>(i);
  for (int64_t i = whole + thread; i < count; i += threads) of.template at<1>(i);
}

template <typename... Tensor>
DEVICE bool areAligned(const Tensor&... of) {
  return (of.template isAligned<AT_ONCE>() && ...);
}

struct Binary {
  In<A> a;
  In<B> b;
  Out<Y> y;
  int64_t count;
};

template <typename F>
struct OfTwo {
  const Binary& of;
  F f;
  template <int n>
  DEVICE void at(int64_t i) const {
    Values<n> a = of.a.template several<n>(i), b = of.b.template several<n>(i);
#pragma unroll
    for (int k = 0; k < n; k++) a.of[k] = f(a.of[k], b.of[k]);
    of.y.template setSeveral<n>(i, a);
  }
};

template <typename F>
DEVICE void binary(const Binary& of, F f) {
  forEach(of.count, areAligned(of.a, of.b, of.y), OfTwo<F>{of, f});
}

KERNEL(256, add, Binary) {
  binary(arguments, [](float a, float b) { return a + b; });
}

// a: gradient, b: saved.
KERNEL(256, activate_gradient, Binary) {
  binary(arguments, [](float gradient, float saved) { return gradient * FUNCTION::derivative(saved); });
}

// As a relu's gradient: passed on, or not, whatever it is.
KERNEL(256, relu_gradient, Binary) {
  binary(arguments, [](float gradient, float saved) { return saved > 0.0f ? gradient : 0.0f; });
}

struct Unary {
  In<A> x;
  Out<Y> y;
  int64_t count;
};

template <typename F>
struct OfOne {
  const Unary& of;
  F f;
  template <int n>
  DEVICE void at(int64_t i) const {
    Values<n> x = of.x.template several<n>(i);
#pragma unroll
    for (int k = 0; k < n; k++) x.of[k] = f(x.of[k]);
    of.y.template setSeveral<n>(i, x);
  }
};

template <typename F>
DEVICE void unary(const Unary& of, F f) {
  forEach(of.count, areAligned(of.x, of.y), OfOne<F>{of, f});
}

KERNEL(256, activate, Unary) {
  unary(arguments, [](float x) { return FUNCTION::apply(x); });
}

// Between float types.
KERNEL(256, cast, Unary) {
  unary(arguments, [](float x) { return x; });
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
  unary({arguments.x, arguments.y, arguments.count}, [=](float x) { return factor * x; });
}

struct Biased {
  In<A> x;
  In<B> bias;
  Out<Y> y;
  int64_t count, biases;
};

struct OfBiased {
  const Biased& of;
  template <int n>
  DEVICE void at(int64_t i) const {
    int64_t first = i % of.biases;
    Values<n> x = of.x.template several<n>(i);
    // A bias may lie otherwise than the rest, as parameters do.
#pragma unroll
    for (int k = 0; k < n; k++) x.of[k] += of.bias[first + k];
    of.y.template setSeveral<n>(i, x);
  }
};

KERNEL(256, add_bias, Biased) {
  bool areWhole = arguments.biases % AT_ONCE == 0;
  forEach(arguments.count, areWhole && areAligned(arguments.x, arguments.y), OfBiased{arguments});
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
