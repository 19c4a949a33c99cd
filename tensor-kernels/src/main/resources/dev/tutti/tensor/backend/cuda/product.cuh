// A product of two matrices that need not lie in memory as such: a Problem says what stands at A(m, k) and B(k, n), and where D(m, n) goes. A block of
// four warps makes 64 by 64 of D; k goes on in the same order at every run. In bf16 and f16 on tensor cores with sums in f32, in f32 on the others.
//
//   struct Problem {
//     typedef ... Row, Column, Depth;                // what of m, n and k needs to be computed once only
//     int m, n;  int64_t begin, end;                 // of k
//     Row row(int m);  Column column(int n);  Depth depth(int64_t k);
//     Storage a(Row, Depth), b(Depth, Column);       // inside of the bounds only
//     void store(Row, Column, float sum);
//   };

#define PRODUCT_THREADS 128
#define PRODUCT_TILE 64
#define PRODUCT_DEPTH 32

// The rows and columns of a block, in shared memory; a thread has the same depth for all that it loads at a time.
template <typename Problem>
struct Sides {
  typename Problem::Row rows[PRODUCT_TILE];
  typename Problem::Column columns[PRODUCT_TILE];

  DEVICE void fill(const Problem& p, int m0, int n0) {
    for (int i = threadIdx.x; i < PRODUCT_TILE; i += PRODUCT_THREADS) {
      rows[i] = p.row(min(m0 + i, p.m - 1));
      columns[i] = p.column(min(n0 + i, p.n - 1));
    }
    __syncthreads();
  }

  // Calls set(row or column, depth, number of a, number of b) for each that this thread loads.
  template <typename Storage, typename Set>
  DEVICE void load(const Problem& p, int m0, int n0, int64_t k0, Set set) const {
    int depth = threadIdx.x % PRODUCT_DEPTH;
    bool isInside = k0 + depth < p.end;
    typename Problem::Depth at = p.depth(isInside ? k0 + depth : p.begin);
    for (int i = threadIdx.x / PRODUCT_DEPTH; i < PRODUCT_TILE; i += PRODUCT_THREADS / PRODUCT_DEPTH)
      set(i, depth, isInside && m0 + i < p.m ? p.a(rows[i], at) : (Storage)0,
          isInside && n0 + i < p.n ? p.b(at, columns[i]) : (Storage)0);
  }
};

template <typename T, typename Problem>
struct Product {
  typedef typename T::Storage Half;

  static DEVICE void run(const Problem& p, int m0, int n0) {
    // Rows of D, and columns, each with its run of k; a few more so that they begin in different banks.
    SHARED Half a[PRODUCT_TILE][PRODUCT_DEPTH + 8];
    SHARED Half b[PRODUCT_TILE][PRODUCT_DEPTH + 8];
    SHARED Sides<Problem> sides;
    sides.fill(p, m0, n0);
    int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP, group = lane / 4, pair = lane % 4 * 2;
    TileD sums[PRODUCT_TILE / 8] = {};
    for (int64_t k0 = p.begin; k0 < p.end; k0 += PRODUCT_DEPTH) {
      __syncthreads();
      sides.template load<Half>(p, m0, n0, k0, [&](int i, int depth, Half left, Half right) {
        a[i][depth] = left;
        b[i][depth] = right;
      });
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
        int row = warp * 16 + group + i / 2 * 8, column = n * 8 + pair + i % 2;
        if (m0 + row < p.m && n0 + column < p.n) p.store(sides.rows[row], sides.columns[column], sums[n].of[i]);
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
    SHARED Sides<Problem> sides;
    sides.fill(p, m0, n0);
    // A thread has 8 rows and 4 columns of D, 8 and 16 apart.
    int top = threadIdx.x / 16, left = threadIdx.x % 16;
    float sums[8][4] = {};
    for (int64_t k0 = p.begin; k0 < p.end; k0 += PRODUCT_DEPTH) {
      __syncthreads();
      sides.template load<float>(p, m0, n0, k0, [&](int i, int depth, float l, float r) {
        a[depth][i] = l;
        b[depth][i] = r;
      });
      __syncthreads();
      for (int k = 0; k < PRODUCT_DEPTH; k++)
        for (int r = 0; r < 8; r++)
          for (int c = 0; c < 4; c++) sums[r][c] += a[k][top + 8 * r] * b[k][left + 16 * c];
    }
    for (int r = 0; r < 8; r++)
      for (int c = 0; c < 4; c++) {
        int row = top + 8 * r, column = left + 16 * c;
        if (m0 + row < p.m && n0 + column < p.n) p.store(sides.rows[row], sides.columns[column], sums[r][c]);
      }
  }
};
