// Element types, functions of one number, and sums over threads. Follows device.h; stands before every family of kernels.
//
// A family is compiled for the element types that are asked of it: -DX=bf16 -DY=f32 and so on name the storage of operands and results.

struct f32 {
  typedef float Storage;
  static DEVICE float load(Storage x) { return x; }
  static DEVICE Storage store(float x) { return x; }
};

struct i32 {
  typedef int Storage;
  static DEVICE int load(Storage x) { return x; }
  static DEVICE Storage store(int x) { return x; }
};

// The upper half of an f32, to nearest, ties to even; a NaN stays one.
struct bf16 {
  typedef uint16_t Storage;
  static DEVICE float load(Storage x) { return __uint_as_float((uint32_t)x << 16); }
#ifdef __CUDACC__
  static DEVICE Storage store(float x) {
    Storage y;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(y) : "f"(x));
    return y;
  }
#else
  static DEVICE Storage store(float x) {
    uint32_t bits = __float_as_uint(x);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return (Storage)(bits >> 16 | 0x40);
    return (Storage)((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
  }
#endif
};

// IEEE 754 binary16.
struct f16 {
  typedef uint16_t Storage;
#ifdef __CUDACC__
  static DEVICE float load(Storage x) {
    float y;
    asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x));
    return y;
  }
  static DEVICE Storage store(float x) {
    Storage y;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y) : "f"(x));
    return y;
  }
#else
  static DEVICE float load(Storage x) {
    _Float16 y;
    std::memcpy(&y, &x, sizeof y);
    return y;
  }
  static DEVICE Storage store(float x) {
    _Float16 y = x;
    Storage bits;
    std::memcpy(&bits, &y, sizeof y);
    return bits;
  }
#endif
};

// Neighbours that are read or written at once; they lie where their size divides the address.
template <typename Storage, int n>
struct alignas(n * sizeof(Storage)) Chunk {
  Storage of[n];
};

// Neighbours in f32.
template <int n>
struct Values {
  float of[n];
};

// A tensor's elements.
template <typename T>
struct In {
  const typename T::Storage* __restrict__ at;
  DEVICE float operator[](int64_t i) const { return T::load(at[i]); }
  // Elements i to i + n - 1, at once: isAligned<n>(), and n divides i.
  template <int n>
  DEVICE Values<n> several(int64_t i) const {
    auto chunk = *(const Chunk<typename T::Storage, n>*)(at + i);
    Values<n> x;
#pragma unroll
    for (int k = 0; k < n; k++) x.of[k] = T::load(chunk.of[k]);
    return x;
  }
  template <int n>
  DEVICE bool isAligned() const {
    return (uint64_t)at % (n * sizeof(typename T::Storage)) == 0;
  }
};

template <typename T>
struct Out {
  typename T::Storage* __restrict__ at;
  DEVICE void set(int64_t i, float x) const { at[i] = T::store(x); }
  // As of In.
  template <int n>
  DEVICE void setSeveral(int64_t i, const Values<n>& x) const {
    Chunk<typename T::Storage, n> chunk;
#pragma unroll
    for (int k = 0; k < n; k++) chunk.of[k] = T::store(x.of[k]);
    *(Chunk<typename T::Storage, n>*)(at + i) = chunk;
  }
  template <int n>
  DEVICE bool isAligned() const {
    return (uint64_t)at % (n * sizeof(typename T::Storage)) == 0;
  }
};

#define WARP 32
#define EVERYBODY 0xffffffffu

// Each thread's elements of n, in a grid of any size.
#define FOR_EACH(i, n)                                                                                   \
  for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < (n); i += (int64_t)gridDim.x * blockDim.x)

DEVICE float sumOfWarp(float x) {
  for (int mask = WARP / 2; mask > 0; mask >>= 1) x += __shfl_xor_sync(EVERYBODY, x, mask);
  return x;
}

DEVICE float maxOfWarp(float x) {
  for (int mask = WARP / 2; mask > 0; mask >>= 1) x = fmaxf(x, __shfl_xor_sync(EVERYBODY, x, mask));
  return x;
}

// Of all threads of a block of whole warps, 1024 at most; every thread gets it. In the same order whatever the numbers. All threads must come.
DEVICE float sumOfBlock(float x) {
  SHARED float ofWarps[WARP];
  x = sumOfWarp(x);
  __syncthreads();
  if (threadIdx.x % WARP == 0) ofWarps[threadIdx.x / WARP] = x;
  __syncthreads();
  return sumOfWarp(threadIdx.x % WARP < blockDim.x / WARP ? ofWarps[threadIdx.x % WARP] : 0.0f);
}

DEVICE float maxOfBlock(float x) {
  SHARED float ofWarps[WARP];
  x = maxOfWarp(x);
  __syncthreads();
  if (threadIdx.x % WARP == 0) ofWarps[threadIdx.x / WARP] = x;
  __syncthreads();
  return maxOfWarp(threadIdx.x % WARP < blockDim.x / WARP ? ofWarps[threadIdx.x % WARP] : -INFINITY);
}

// The threads that have a row: a warp where rows are short, else a block. What they sum is summed in the same order whatever the numbers and the row.
struct WarpTeam {
  static DEVICE int64_t row() { return (int64_t)blockIdx.x * (blockDim.x / WARP) + threadIdx.x / WARP; }
  static DEVICE int rank() { return threadIdx.x % WARP; }
  static DEVICE int size() { return WARP; }
  static DEVICE float sum(float x) { return sumOfWarp(x); }
  static DEVICE float max(float x) { return maxOfWarp(x); }
};

struct BlockTeam {
  static DEVICE int64_t row() { return blockIdx.x; }
  static DEVICE int rank() { return threadIdx.x; }
  static DEVICE int size() { return blockDim.x; }
  static DEVICE float sum(float x) { return sumOfBlock(x); }
  static DEVICE float max(float x) { return maxOfBlock(x); }
};

// ---- functions of one number; graph/Activation.java says which

struct Identity {
  static DEVICE float apply(float x) { return x; }
  static DEVICE float derivative(float) { return 1.0f; }
};

// A NaN stays one.
struct Relu {
  static DEVICE float apply(float x) { return x < 0.0f ? 0.0f : x; }
  static DEVICE float derivative(float saved) { return saved > 0.0f ? 1.0f : 0.0f; }
};

struct Gelu {
  static DEVICE float normal(float x) { return 0.5f * erfcf(-x * 0.70710678118654752f); }
  static DEVICE float apply(float x) { return x * normal(x); }
  static DEVICE float derivative(float x) { return normal(x) + x * expf(-0.5f * x * x) * 0.39894228040143268f; }
};

struct Tanh {
  static DEVICE float apply(float x) { return tanhf(x); }
  static DEVICE float derivative(float y) { return 1.0f - y * y; }
};

struct Sigmoid {
  static DEVICE float apply(float x) { return 1.0f / (1.0f + expf(-x)); }
  static DEVICE float derivative(float y) { return y * (1.0f - y); }
};
