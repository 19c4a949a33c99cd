// cuBLASLt, as far as Tutti uses it: products of matrices in columns, with bias and relu, on the host. It refuses what the real one refuses, and what NVIDIA's
// documentation leaves open is here what suits least: a kernel that has never run cannot be captured, and one relu swallows NaN.
#include <cuda.h>
#include <library_types.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "emulated_driver.h"

namespace {
enum Status { kSuccess = 0, kNotInitialized = 1, kInvalidValue = 7, kExecutionFailed = 13, kNotSupported = 15 };
enum Compute { kCompute32F = 68, kCompute32FFastTf32 = 77 };
enum Operation { kN = 0, kT = 1 };
enum Epilogue { kNothing = 1, kBias = 4, kReluBias = 6 };
constexpr size_t kVersion = 130000;
constexpr uint64_t kBiasAlignment = 16;

struct Descriptor {
  int32_t compute, scale;
  int32_t transA = kN, transB = kN;
  uint32_t epilogue = kNothing;
  const void* bias = nullptr;
};

struct Layout {
  cudaDataType type;
  uint64_t rows, columns;
  int64_t leading;
  size_t bytes() const;
};

struct Preference {
  uint64_t workspaceBytes = 0;
  uint32_t reductions = 7;
  uint32_t alignments[4] = {256, 256, 256, 256};
};

/// cublasLtMatmulAlgo_t.
struct Algorithm {
  uint64_t made, m, n, k, workspaceBytes;
  uint32_t alignments[4];
  uint64_t unused;
};
static_assert(sizeof(Algorithm) == 64, "as in cublasLt.h");

/// cublasLtMatmulHeuristicResult_t.
struct Result {
  Algorithm algorithm;
  size_t workspaceBytes;
  int32_t status;
  float waves;
  int32_t reserved[4];
};

constexpr uint64_t kMade = 0x7475747469;
struct Handle {
} handle;
std::mutex guard;
/// Kernels that have run, by what they are compiled for.
std::set<std::tuple<int, int, int, int, int, uint32_t>> loaded;

size_t sizeOf(cudaDataType type) { return type == CUDA_R_32F ? 4 : 2; }
size_t Layout::bytes() const { return ((columns - 1) * leading + rows) * sizeOf(type); }

float toFloat(const void* at, cudaDataType type) {
  float value;
  if (type == CUDA_R_32F) {
    std::memcpy(&value, at, 4);
  } else if (type == CUDA_R_16F) {
    _Float16 half;
    std::memcpy(&half, at, 2);
    value = half;
  } else {
    uint16_t upper;
    std::memcpy(&upper, at, 2);
    uint32_t bits = uint32_t(upper) << 16;
    std::memcpy(&value, &bits, 4);
  }
  return value;
}

/// To nearest, ties to even, with so many bits fewer.
float shortened(float value, int bitsFewer) {
  if (std::isnan(value)) return value;
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  bits += (1u << (bitsFewer - 1)) - 1 + (bits >> bitsFewer & 1);
  bits = bits >> bitsFewer << bitsFewer;
  std::memcpy(&value, &bits, 4);
  return value;
}

void store(void* at, cudaDataType type, float value) {
  if (type == CUDA_R_32F) {
    std::memcpy(at, &value, 4);
  } else if (type == CUDA_R_16F) {
    _Float16 half = value;
    std::memcpy(at, &half, 2);
  } else {
    float rounded = shortened(value, 16);
    uint32_t bits;
    std::memcpy(&bits, &rounded, 4);
    uint16_t upper = bits >> 16 | (std::isnan(value) ? 0x40 : 0);
    std::memcpy(at, &upper, 2);
  }
}

/// op(x) in columns, as floats.
std::vector<float> elements(const char* from, const Layout& x, int operation, bool tf32) {
  uint64_t rows = operation == kT ? x.columns : x.rows, columns = operation == kT ? x.rows : x.columns;
  std::vector<float> to(rows * columns);
  for (uint64_t c = 0; c < columns; c++)
    for (uint64_t r = 0; r < rows; r++) {
      uint64_t at = operation == kT ? r * x.leading + c : c * x.leading + r;
      float value = toFloat(from + at * sizeOf(x.type), x.type);
      to[c * rows + r] = tf32 ? shortened(value, 13) : value;
    }
  return to;
}

struct Sizes {
  uint64_t m, n, k;
};

Status check(const Descriptor* of, const Layout* a, const Layout* b, const Layout* c, const Layout* d, Sizes& sizes) {
  if (of == nullptr || a == nullptr || b == nullptr || c == nullptr || d == nullptr) return kInvalidValue;
  bool inF32 = a->type == CUDA_R_32F;
  bool types = a->type == b->type && c->type == d->type && (d->type == CUDA_R_32F || d->type == a->type);
  if (!types || of->scale != CUDA_R_32F || (of->compute == kCompute32FFastTf32 && !inF32)) return kNotSupported;
  for (const Layout* x : {a, b, c, d})
    if (x->rows == 0 || x->columns == 0 || x->leading < int64_t(x->rows)) return kInvalidValue;
  sizes = {of->transA == kT ? a->columns : a->rows, of->transB == kT ? b->rows : b->columns,
           of->transA == kT ? a->rows : a->columns};
  uint64_t depth = of->transB == kT ? b->columns : b->rows;
  bool fit = depth == sizes.k && d->rows == sizes.m && d->columns == sizes.n && c->rows == sizes.m && c->columns == sizes.n;
  if (!fit) return kInvalidValue;
  bool hasBias = of->epilogue != kNothing;
  return hasBias && of->bias == nullptr ? kInvalidValue : kSuccess;
}

CUresult multiply(const Descriptor& of, const Sizes& sizes, const char* a, const Layout& la, const char* b, const Layout& lb,
                  char* d, const Layout& ld) {
  bool tf32 = of.compute == kCompute32FFastTf32;
  std::vector<float> left = elements(a, la, of.transA, tf32), right = elements(b, lb, of.transB, tf32), sums(sizes.m);
  for (uint64_t column = 0; column < sizes.n; column++) {
    std::fill(sums.begin(), sums.end(), 0.0f);
    for (uint64_t k = 0; k < sizes.k; k++) {
      float factor = right[column * sizes.k + k];
      for (uint64_t row = 0; row < sizes.m; row++) sums[row] += left[k * sizes.m + row] * factor;
    }
    for (uint64_t row = 0; row < sizes.m; row++) {
      float value = sums[row];
      if (of.epilogue != kNothing) value += toFloat(static_cast<const char*>(of.bias) + row * sizeOf(ld.type), ld.type);
      if (of.epilogue == kReluBias) value = ld.type == CUDA_R_32F ? std::fmax(value, 0.0f) : (value < 0.0f ? 0.0f : value);
      store(d + (column * ld.leading + row) * sizeOf(ld.type), ld.type, value);
    }
  }
  return CUDA_SUCCESS;
}

template <typename T>
Status read(T& to, const void* from, size_t bytes) {
  if (from == nullptr || bytes != sizeof(T)) return kInvalidValue;
  std::memcpy(&to, from, bytes);
  return kSuccess;
}

bool isAligned(const void* address, uint64_t to) { return reinterpret_cast<uint64_t>(address) % to == 0; }

bool isOnDevice(const void* address, size_t bytes) {
  return address != nullptr && emulatedIsAllocated(reinterpret_cast<CUdeviceptr>(address), bytes);
}
}  // namespace

extern "C" {
int cublasLtCreate(Handle** out) {
  if (emulatedReady() != CUDA_SUCCESS) return kNotInitialized;
  *out = &handle;
  return kSuccess;
}

size_t cublasLtGetVersion() { return kVersion; }

const char* cublasLtGetStatusString(int status) {
  return status == kInvalidValue ? "CUBLAS_STATUS_INVALID_VALUE" : "CUBLAS_STATUS_OF_EMULATOR";
}

int cublasLtMatmulDescCreate(Descriptor** out, int compute, int scale) {
  if (compute != kCompute32F && compute != kCompute32FFastTf32) return kInvalidValue;
  *out = new Descriptor{compute, scale};
  return kSuccess;
}

int cublasLtMatmulDescDestroy(Descriptor* descriptor) {
  delete descriptor;
  return kSuccess;
}

int cublasLtMatmulDescSetAttribute(Descriptor* of, int attribute, const void* value, size_t bytes) {
  switch (attribute) {
    case 3: return read(of->transA, value, bytes);
    case 4: return read(of->transB, value, bytes);
    case 7: {
      Status status = read(of->epilogue, value, bytes);
      bool known = of->epilogue == kNothing || of->epilogue == kBias || of->epilogue == kReluBias;
      return status == kSuccess && !known ? kNotSupported : status;
    }
    case 8: return read(of->bias, value, bytes);
    default: return kInvalidValue;
  }
}

int cublasLtMatrixLayoutCreate(Layout** out, int type, uint64_t rows, uint64_t columns, int64_t leading) {
  if (type != CUDA_R_32F && type != CUDA_R_16F && type != CUDA_R_16BF) return kInvalidValue;
  *out = new Layout{cudaDataType(type), rows, columns, leading};
  return kSuccess;
}

int cublasLtMatrixLayoutDestroy(Layout* layout) {
  delete layout;
  return kSuccess;
}

int cublasLtMatmulPreferenceCreate(Preference** out) {
  *out = new Preference();
  return kSuccess;
}

int cublasLtMatmulPreferenceDestroy(Preference* preference) {
  delete preference;
  return kSuccess;
}

int cublasLtMatmulPreferenceSetAttribute(Preference* of, int attribute, const void* value, size_t bytes) {
  switch (attribute) {
    case 1: return read(of->workspaceBytes, value, bytes);
    case 3: return read(of->reductions, value, bytes);
    case 5:
    case 6:
    case 7:
    case 8: return read(of->alignments[attribute - 5], value, bytes);
    default: return kInvalidValue;
  }
}

int cublasLtMatmulAlgoGetHeuristic(Handle* library, Descriptor* of, Layout* a, Layout* b, Layout* c, Layout* d,
                                   Preference* preference, int requested, Result* results, int* returned) {
  if (library != &handle) return kNotInitialized;
  if (preference == nullptr || requested < 1 || results == nullptr || returned == nullptr) return kInvalidValue;
  Sizes sizes;
  if (Status status = check(of, a, b, c, d, sizes)) return status;
  // Some need a workspace, the deeper ones.
  size_t workspace = sizes.k >= 32 ? sizes.m * sizes.n * 4 : 0;
  if (workspace > preference->workspaceBytes) workspace = 0;
  *results = Result{{kMade, sizes.m, sizes.n, sizes.k, workspace, {}, 0}, workspace, kSuccess, 1.0f, {}};
  std::copy(preference->alignments, preference->alignments + 4, results->algorithm.alignments);
  *returned = 1;
  return kSuccess;
}

int cublasLtMatmul(Handle* library, Descriptor* of, const float* alpha, const void* a, Layout* la, const void* b, Layout* lb,
                   const float* beta, const void* c, Layout* lc, void* d, Layout* ld, const Algorithm* algorithm,
                   void* workspace, size_t workspaceBytes, CUstream stream) {
  if (library != &handle) return kNotInitialized;
  Sizes sizes;
  if (Status status = check(of, la, lb, lc, ld, sizes)) return status;
  if (alpha == nullptr || beta == nullptr || *alpha != 1.0f || *beta != 0.0f) return kInvalidValue;
  if (algorithm == nullptr || algorithm->made != kMade) return kInvalidValue;
  if (algorithm->m != sizes.m || algorithm->n != sizes.n || algorithm->k != sizes.k) return kInvalidValue;
  if (!isOnDevice(a, la->bytes()) || !isOnDevice(b, lb->bytes()) || !isOnDevice(d, ld->bytes()) || c != d) return kInvalidValue;
  const uint32_t* alignments = algorithm->alignments;
  if (!isAligned(a, alignments[0]) || !isAligned(b, alignments[1]) || !isAligned(c, alignments[2]) || !isAligned(d, alignments[3]))
    return kInvalidValue;
  if (of->epilogue != kNothing && (!isAligned(of->bias, kBiasAlignment) || !isOnDevice(of->bias, sizes.m * sizeOf(ld->type))))
    return kInvalidValue;
  size_t needed = algorithm->workspaceBytes;
  if (needed > workspaceBytes || (needed > 0 && (!isOnDevice(workspace, needed) || !isAligned(workspace, 256))))
    return kInvalidValue;
  {
    std::lock_guard<std::mutex> one(guard);
    auto kernel = std::make_tuple(int(la->type), int(ld->type), of->transA, of->transB, of->compute, of->epilogue);
    if (emulatedIsCapturing(stream) && loaded.count(kernel) == 0) return kExecutionFailed;
    loaded.insert(kernel);
  }
  auto product = [=, of = *of, la = *la, lb = *lb, ld = *ld] {
    if (needed > 0) std::memset(workspace, 0xff, needed);
    return multiply(of, sizes, static_cast<const char*>(a), la, static_cast<const char*>(b), lb, static_cast<char*>(d), ld);
  };
  return emulatedSubmit(stream, {product}) == CUDA_SUCCESS ? kSuccess : kExecutionFailed;
}
}
