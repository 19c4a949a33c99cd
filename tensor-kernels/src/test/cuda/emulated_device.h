// What device.h gives a kernel when it runs in the emulator: CUDA's threads, barriers and shuffles, on one thread of the host.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <vector>

#define DEVICE inline
#define SHARED static
#define KERNEL(threads, name, Arguments)                                   \
  static void name##_thread(const Arguments& arguments);                   \
  extern "C" const unsigned long name##_bytes = sizeof(Arguments);         \
  extern "C" const unsigned name##_threads = threads;                      \
  extern "C" void name(const void* bytes) {                                \
    name##_thread(*static_cast<const Arguments*>(bytes));                  \
  }                                                                        \
  static void name##_thread(const Arguments& arguments)

struct EmulatedDim {
  unsigned x, y, z;
};

// Of the thread that runs.
extern "C" EmulatedDim emulated_thread, emulated_block, emulated_threads, emulated_blocks;
#define threadIdx emulated_thread
#define blockIdx emulated_block
#define blockDim emulated_threads
#define gridDim emulated_blocks

extern "C" void emulated_block_barrier();
extern "C" void emulated_warp_barrier();
// Eight words for each lane of the warp at hand.
extern "C" uint64_t* emulated_lanes();

static inline void __syncthreads() { emulated_block_barrier(); }

static inline unsigned emulated_lane() {
  return (threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)) % 32;
}

template <typename T>
static inline T emulated_exchange(T value, unsigned from) {
  uint64_t* lanes = emulated_lanes();
  std::memcpy(&lanes[8 * emulated_lane()], &value, sizeof(T));
  emulated_warp_barrier();
  T result;
  std::memcpy(&result, &lanes[8 * (from % 32)], sizeof(T));
  emulated_warp_barrier();
  return result;
}

template <typename T>
static inline T __shfl_sync(unsigned, T value, int lane) {
  return emulated_exchange(value, lane);
}
template <typename T>
static inline T __shfl_xor_sync(unsigned, T value, int mask) {
  return emulated_exchange(value, emulated_lane() ^ mask);
}
static inline unsigned __ballot_sync(unsigned, bool it) {
  unsigned all = 0;
  for (unsigned lane = 0; lane < 32; lane++) all |= unsigned(emulated_exchange(it, lane)) << lane;
  return all;
}

// ldmatrix: four matrices of 8 by 8 halves; lane l gives row l % 8 of matrix l / 8.
static inline void emulated_load_matrices(uint32_t (&x)[4], const void* row, bool transposed) {
  if (reinterpret_cast<uintptr_t>(row) % 16 != 0) throw std::runtime_error("ldmatrix takes rows at multiples of 16 bytes");
  uint64_t* lanes = emulated_lanes();
  lanes[8 * emulated_lane()] = reinterpret_cast<uint64_t>(row);
  emulated_warp_barrier();
  unsigned group = emulated_lane() / 4, pair = emulated_lane() % 4 * 2;
  for (unsigned matrix = 0; matrix < 4; matrix++) {
    x[matrix] = 0;
    for (unsigned i = 0; i < 2; i++) {
      unsigned r = transposed ? pair + i : group, column = transposed ? group : pair + i;
      x[matrix] |= uint32_t(reinterpret_cast<const uint16_t*>(lanes[8 * (8 * matrix + r)])[column]) << 16 * i;
    }
  }
  emulated_warp_barrier();
}

// A thread's cp.async, which are done as late as may be: when they are waited for. Until then there is NaN.
class EmulatedCopies {
 public:
  void add(void* to, const void* from, unsigned bytes, bool there) {
    std::memset(to, 0xff, bytes);
    open_.push_back({to, there ? from : nullptr, bytes});
  }
  void commit() {
    groups_.push_back(open_);
    open_.clear();
  }
  void wait(unsigned left) {
    while (groups_.size() > left) {
      for (const Copy& copy : groups_.front()) {
        if (copy.from == nullptr)
          std::memset(copy.to, 0, copy.bytes);
        else
          std::memcpy(copy.to, copy.from, copy.bytes);
      }
      groups_.erase(groups_.begin());
    }
  }

 private:
  struct Copy {
    void* to;
    const void* from;
    unsigned bytes;
  };
  std::vector<Copy> open_;
  std::vector<std::vector<Copy>> groups_;
};

static inline EmulatedCopies& emulated_copies() {
  static EmulatedCopies ofThreads[1024];
  return ofThreads[threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)];
}

static inline void emulated_copy_async(void* to, const void* from, unsigned bytes, bool there) {
  if ((reinterpret_cast<uintptr_t>(to) | reinterpret_cast<uintptr_t>(from)) % bytes != 0)
    throw std::runtime_error("cp.async takes addresses that are multiples of its size");
  emulated_copies().add(to, from, bytes, there);
}

static inline float __fmaf_rn(float a, float b, float c) { return std::fmaf(a, b, c); }
static inline uint32_t __float_as_uint(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  return bits;
}
static inline float __uint_as_float(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, 4);
  return x;
}
static inline uint32_t __umulhi(uint32_t a, uint32_t b) { return uint32_t((uint64_t(a) * b) >> 32); }
using std::fmaxf;
static inline int min(int a, int b) { return a < b ? a : b; }
static inline int max(int a, int b) { return a > b ? a : b; }
