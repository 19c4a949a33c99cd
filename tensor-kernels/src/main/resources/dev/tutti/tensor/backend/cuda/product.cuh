// A product of two matrices that need not lie in memory as such: a Problem says what stands at A(m, k) and B(k, n), and where D(m, n) goes. A block of
// four warps makes 64 by 64 of D; k goes on in the same order at every run. In bf16 and f16 on tensor cores with sums in f32, in f32 on the others.
//
//   struct Problem {
//     int m, n;  int64_t begin, end;                 // of k
//     Storage a(int m, int64_t k), b(int64_t k, int n);   // inside of the bounds only
//     void store(int m, int n, float sum);
//   };

#define PRODUCT_THREADS 128
#define PRODUCT_TILE 64
#define PRODUCT_DEPTH 32

template <typename T, typename Problem>
struct Product {
  typedef typename T::Storage Half;

  static DEVICE void run(const Problem& p, int m0, int n0) {
    // Rows of D, and columns, each with its run of k; a few more so that they begin in different banks.
    SHARED Half a[PRODUCT_TILE][PRODUCT_DEPTH + 8];
    SHARED Half b[PRODUCT_TILE][PRODUCT_DEPTH + 8];
    int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP, group = lane / 4, pair = lane % 4 * 2;
    TileD sums[PRODUCT_TILE / 8] = {};
    for (int64_t k0 = p.begin; k0 < p.end; k0 += PRODUCT_DEPTH) {
      __syncthreads();
      for (int i = threadIdx.x; i < PRODUCT_TILE * PRODUCT_DEPTH; i += PRODUCT_THREADS) {
        int row = i / PRODUCT_DEPTH, depth = i % PRODUCT_DEPTH;
        bool inside = k0 + depth < p.end;
        a[row][depth] = inside && m0 + row < p.m ? p.a(m0 + row, k0 + depth) : (Half)0;
        b[row][depth] = inside && n0 + row < p.n ? p.b(k0 + depth, n0 + row) : (Half)0;
      }
      __syncthreads();
      for (int k = 0; k < PRODUCT_DEPTH; k += 16) {
        const Half* rows = &a[warp * 16 + group][k + pair];
        TileA left = {{two(rows), two(rows + 8 * (PRODUCT_DEPTH + 8)), two(rows + 8), two(rows + 8 * (PRODUCT_DEPTH + 8) + 8)}};
        for (int n = 0; n < PRODUCT_TILE / 8; n++) {
          const Half* columns = &b[n * 8 + group][k + pair];
          multiply<T>(sums[n], left, {{two(columns), two(columns + 8)}});
        }
      }
    }
    for (int n = 0; n < PRODUCT_TILE / 8; n++)
      for (int i = 0; i < 4; i++) {
        int row = m0 + warp * 16 + group + i / 2 * 8, column = n0 + n * 8 + pair + i % 2;
        if (row < p.m && column < p.n) p.store(row, column, sums[n].of[i]);
      }
  }

 private:
  static DEVICE uint32_t two(const Half* at) { return (uint32_t)at[0] | (uint32_t)at[1] << 16; }
};

template <typename Problem>
struct Product<f32, Problem> {
  static DEVICE void run(const Problem& p, int m0, int n0) {
    SHARED float a[PRODUCT_DEPTH][PRODUCT_TILE + 1];
    SHARED float b[PRODUCT_DEPTH][PRODUCT_TILE + 1];
    // A thread has 8 rows and 4 columns of D, 8 and 16 apart.
    int top = threadIdx.x / 16, left = threadIdx.x % 16;
    float sums[8][4] = {};
    for (int64_t k0 = p.begin; k0 < p.end; k0 += PRODUCT_DEPTH) {
      __syncthreads();
      for (int i = threadIdx.x; i < PRODUCT_TILE * PRODUCT_DEPTH; i += PRODUCT_THREADS) {
        int row = i / PRODUCT_DEPTH, depth = i % PRODUCT_DEPTH;
        bool inside = k0 + depth < p.end;
        a[depth][row] = inside && m0 + row < p.m ? p.a(m0 + row, k0 + depth) : 0.0f;
        b[depth][row] = inside && n0 + row < p.n ? p.b(k0 + depth, n0 + row) : 0.0f;
      }
      __syncthreads();
      for (int k = 0; k < PRODUCT_DEPTH; k++)
        for (int r = 0; r < 8; r++)
          for (int c = 0; c < 4; c++) sums[r][c] += a[k][top + 8 * r] * b[k][left + 16 * c];
    }
    for (int r = 0; r < 8; r++)
      for (int c = 0; c < 4; c++) {
        int row = m0 + top + 8 * r, column = n0 + left + 16 * c;
        if (row < p.m && column < p.n) p.store(row, column, sums[r][c]);
      }
  }
};
