// Tensor cores, and what brings numbers to them.
//
// Products of tiles: D += A · B of one warp, A [16, 16] and B [16, 8] of bf16 or f16, D [16, 8] of f32 (PTX ISA, mma.m16n8k16).
//
// With group = lane / 4 and pair = lane % 4 a lane holds
//   A  rows group and group + 8, columns 2 · pair, 2 · pair + 1, and both plus 8:  a[(row ≥ 8) + 2 · (column ≥ 8)]
//   B  rows 2 · pair, 2 · pair + 1, and both plus 8, of column group:              b[row ≥ 8]
//   D  rows group and group + 8, columns 2 · pair, 2 · pair + 1:                   d[2 · (row ≥ 8) + column % 2]

struct TileA {
  uint32_t of[4];
};
struct TileB {
  uint32_t of[2];
};
struct TileD {
  float of[4];
};

#ifdef __CUDACC__

template <typename T>
DEVICE void multiply(TileD& d, const TileA& a, const TileB& b);

template <>
DEVICE void multiply<bf16>(TileD& d, const TileA& a, const TileB& b) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(d.of[0]), "+f"(d.of[1]), "+f"(d.of[2]), "+f"(d.of[3])
               : "r"(a.of[0]), "r"(a.of[1]), "r"(a.of[2]), "r"(a.of[3]), "r"(b.of[0]), "r"(b.of[1]));
}

template <>
DEVICE void multiply<f16>(TileD& d, const TileA& a, const TileB& b) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(d.of[0]), "+f"(d.of[1]), "+f"(d.of[2]), "+f"(d.of[3])
               : "r"(a.of[0]), "r"(a.of[1]), "r"(a.of[2]), "r"(a.of[3]), "r"(b.of[0]), "r"(b.of[1]));
}

// Two numbers as a register of A or B, rounded to nearest, ties to even.
template <typename T>
DEVICE uint32_t packed(float low, float high);

template <>
DEVICE uint32_t packed<bf16>(float low, float high) {
  uint32_t both;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
  return both;
}

template <>
DEVICE uint32_t packed<f16>(float low, float high) {
  uint32_t both;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
  return both;
}

DEVICE uint32_t sharedAddress(const void* at) { return (uint32_t)__cvta_generic_to_shared(at); }

// Four matrices of 8 by 8 from shared memory: lane l gives row l % 8 of matrix l / 8, which is 16 bytes, and gets of matrix i row lane / 4, columns
// 2 · (lane % 4) and the next one (PTX ISA, ldmatrix).
DEVICE void loadMatrices(uint32_t (&x)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3])
               : "r"(sharedAddress(row)));
}

// The same, rows and columns changed.
DEVICE void loadMatricesTransposed(uint32_t (&x)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3])
               : "r"(sharedAddress(row)));
}

// Sixteen bytes, or four, from global to shared memory while the thread goes on; zeros where they are not there. Both addresses are multiples of as many.
DEVICE void copyAsync16(void* to, const void* from, bool there) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(sharedAddress(to)), "l"(from), "r"(there ? 16 : 0)
               : "memory");
}

DEVICE void copyAsync4(void* to, const void* from, bool there) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(sharedAddress(to)), "l"(from), "r"(there ? 4 : 0)
               : "memory");
}

// What this thread has asked to copy since the last commit is a group.
DEVICE void commitCopies() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// For all of this thread's groups but the latest `left`; others see them after a barrier.
template <int left>
DEVICE void waitForCopies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(left) : "memory");
}

// 2 to the x, within 2 units in the last place; 0 for what would be subnormal.
DEVICE float exp2OfDevice(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

#else

template <typename T>
inline uint32_t packed(float low, float high) {
  return (uint32_t)T::store(low) | (uint32_t)T::store(high) << 16;
}

inline float exp2OfDevice(float x) { return exp2f(x); }

inline void loadMatrices(uint32_t (&x)[4], const void* row) { emulated_load_matrices(x, row, false); }
inline void loadMatricesTransposed(uint32_t (&x)[4], const void* row) { emulated_load_matrices(x, row, true); }
inline void copyAsync16(void* to, const void* from, bool there) { emulated_copy_async(to, from, 16, there); }
inline void copyAsync4(void* to, const void* from, bool there) { emulated_copy_async(to, from, 4, there); }
inline void commitCopies() { emulated_copies().commit(); }
template <int left>
inline void waitForCopies() {
  emulated_copies().wait(left);
}

// What the instruction does, from what all lanes hold.
template <typename T>
inline void multiply(TileD& d, const TileA& a, const TileB& b) {
  struct Held {
    TileA a;
    TileB b;
  } held[WARP];
  uint64_t* lanes = emulated_lanes();
  std::memcpy(&lanes[8 * emulated_lane()], &a, sizeof a);
  std::memcpy(&lanes[8 * emulated_lane() + 2], &b, sizeof b);
  emulated_warp_barrier();
  for (int i = 0; i < WARP; i++) std::memcpy(&held[i], &lanes[8 * i], sizeof(Held));
  emulated_warp_barrier();
  unsigned lane = emulated_lane(), group = lane / 4, pair = lane % 4;
  for (int i = 0; i < 4; i++) {
    unsigned row = group + i / 2 * 8, column = 2 * pair + i % 2;
    float sum = 0.0f;
    for (unsigned k = 0; k < 16; k++) {
      uint32_t both = held[row % 8 * 4 + k % 8 / 2].a.of[row / 8 + k / 8 * 2];
      uint32_t other = held[column * 4 + k % 8 / 2].b.of[k / 8];
      sum += T::load((uint16_t)(both >> k % 2 * 16)) * T::load((uint16_t)(other >> k % 2 * 16));
    }
    d.of[i] += sum;
  }
}

#endif
