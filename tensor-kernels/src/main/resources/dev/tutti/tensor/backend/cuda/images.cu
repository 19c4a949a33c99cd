// graph/ConvolutionOp.java: images [samples, channels, height, width], without the products.
//
//   X  element type of operands
//   Y  of the result

struct Window {
  int height, width, strideHeight, strideWidth, paddingHeight, paddingWidth;
};

struct Sizes {
  int channels, height, width, outputHeight, outputWidth;
};

struct Pool {
  In<X> x;
  In<X> gradient;
  In<i32> places;
  Out<Y> y;
  int64_t count;
  Sizes sizes;
  Window window;
};

DEVICE bool larger(float value, float than) { return value > than || (value != value && than == than); }

// Where in its image the first of the largest of a window lies; a NaN is larger than anything.
DEVICE int largest(const Pool& a, int64_t image, int p, int q) {
  int best = -1;
  float value = 0.0f;
  for (int i = 0; i < a.window.height; i++)
    for (int j = 0; j < a.window.width; j++) {
      int row = p * a.window.strideHeight + i - a.window.paddingHeight;
      int column = q * a.window.strideWidth + j - a.window.paddingWidth;
      if (row < 0 || row >= a.sizes.height || column < 0 || column >= a.sizes.width) continue;
      int at = row * a.sizes.width + column;
      float other = a.x[image * a.sizes.height * a.sizes.width + at];
      if (best < 0 || larger(other, value)) {
        best = at;
        value = other;
      }
    }
  return best;
}

// The windows that a pixel is in, first and last.
struct Windows {
  int firstRow, lastRow, firstColumn, lastColumn;
};

DEVICE Windows windows(const Pool& a, int row, int column) {
  const Window& w = a.window;
  row += w.paddingHeight;
  column += w.paddingWidth;
  return {row < w.height ? 0 : (row - w.height) / w.strideHeight + 1, min(row / w.strideHeight, a.sizes.outputHeight - 1),
          column < w.width ? 0 : (column - w.width) / w.strideWidth + 1, min(column / w.strideWidth, a.sizes.outputWidth - 1)};
}

// i over the results.
KERNEL(256, max_pool, Pool) {
  FOR_EACH(i, arguments.count) {
    int64_t image = i / (arguments.sizes.outputHeight * arguments.sizes.outputWidth);
    int at = i % (arguments.sizes.outputHeight * arguments.sizes.outputWidth);
    int best = largest(arguments, image, at / arguments.sizes.outputWidth, at % arguments.sizes.outputWidth);
    arguments.y.set(i, arguments.x[image * arguments.sizes.height * arguments.sizes.width + best]);
  }
}

// i over the pixels: each gathers from the windows it is in, rows before columns.
KERNEL(256, max_pool_gradient, Pool) {
  int pixels = arguments.sizes.height * arguments.sizes.width;
  FOR_EACH(i, arguments.count) {
    int64_t image = i / pixels;
    int at = i % pixels;
    Windows in = windows(arguments, at / arguments.sizes.width, at % arguments.sizes.width);
    float sum = 0.0f;
    for (int p = in.firstRow; p <= in.lastRow; p++)
      for (int q = in.firstColumn; q <= in.lastColumn; q++)
        if (largest(arguments, image, p, q) == at)
          sum += arguments.gradient[(image * arguments.sizes.outputHeight + p) * arguments.sizes.outputWidth + q];
    arguments.y.set(i, sum);
  }
}

KERNEL(256, average_pool, Pool) {
  const Window& w = arguments.window;
  FOR_EACH(i, arguments.count) {
    int64_t image = i / (arguments.sizes.outputHeight * arguments.sizes.outputWidth);
    int at = i % (arguments.sizes.outputHeight * arguments.sizes.outputWidth);
    int top = at / arguments.sizes.outputWidth * w.strideHeight - w.paddingHeight;
    int left = at % arguments.sizes.outputWidth * w.strideWidth - w.paddingWidth;
    float sum = 0.0f;
    for (int row = max(top, 0); row < min(top + w.height, arguments.sizes.height); row++)
      for (int column = max(left, 0); column < min(left + w.width, arguments.sizes.width); column++)
        sum += arguments.x[(image * arguments.sizes.height + row) * arguments.sizes.width + column];
    arguments.y.set(i, sum / (w.height * w.width));
  }
}

KERNEL(256, average_pool_gradient, Pool) {
  const Window& w = arguments.window;
  int pixels = arguments.sizes.height * arguments.sizes.width;
  FOR_EACH(i, arguments.count) {
    int64_t image = i / pixels;
    int at = i % pixels;
    Windows in = windows(arguments, at / arguments.sizes.width, at % arguments.sizes.width);
    float sum = 0.0f;
    for (int p = in.firstRow; p <= in.lastRow; p++)
      for (int q = in.firstColumn; q <= in.lastColumn; q++)
        sum += arguments.gradient[(image * arguments.sizes.outputHeight + p) * arguments.sizes.outputWidth + q];
    arguments.y.set(i, sum / (w.height * w.width));
  }
}
