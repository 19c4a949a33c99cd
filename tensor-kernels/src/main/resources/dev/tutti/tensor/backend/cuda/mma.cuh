// Products of tiles on tensor cores: D += A · B of one warp, A [16, 16] and B [16, 8] of bf16 or f16, D [16, 8] of f32 (PTX ISA, mma.m16n8k16).
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

#else

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
