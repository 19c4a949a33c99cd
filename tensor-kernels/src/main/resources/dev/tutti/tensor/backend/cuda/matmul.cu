// graph/MatrixOp.java: products of matrices, and what follows them at once.
//
//   X  element type of both operands
//   Y  of the result
//   FUNCTION  of Dense

#ifndef FUNCTION
#define FUNCTION Identity
#endif

typedef X::Storage Element;

struct Matrices {
  const Element* left;
  const Element* right;
  In<f32> bias;
  Out<Y> y;
  int m, n, k;
  // A transposed operand lies in memory as (k, m) or (n, k).
  int leftTransposed, rightTransposed, hasBias;
};

struct MatrixProblem {
  typedef int Row;
  typedef int Column;
  typedef int64_t Depth;
  const Matrices& c;
  int m, n;
  int64_t begin, end;
  DEVICE int row(int m) const { return m; }
  DEVICE int column(int n) const { return n; }
  DEVICE int64_t depth(int64_t k) const { return k; }
  DEVICE Element a(int row, int64_t k) const { return c.left[c.leftTransposed ? k * c.m + row : (int64_t)row * c.k + k]; }
  DEVICE Element b(int64_t k, int column) const {
    return c.right[c.rightTransposed ? (int64_t)column * c.k + k : k * c.n + column];
  }
  DEVICE void store(int row, int column, float sum) const {
    c.y.set((int64_t)row * c.n + column, FUNCTION::apply(c.hasBias ? sum + c.bias[column] : sum));
  }
};

KERNEL(PRODUCT_THREADS, matmul, Matrices) {
  MatrixProblem problem = {arguments, arguments.m, arguments.n, 0, arguments.k};
  Product<X, MatrixProblem>::run(problem, blockIdx.x * PRODUCT_TILE, blockIdx.y * PRODUCT_TILE);
}
