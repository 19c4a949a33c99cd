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
  const Window& w = arguments.window;
  int pixels = arguments.sizes.height * arguments.sizes.width;
  FOR_EACH(i, arguments.count) {
    int64_t image = i / pixels;
    int at = i % pixels, row = at / arguments.sizes.width + w.paddingHeight, column = at % arguments.sizes.width + w.paddingWidth;
    int firstRow = row < w.height ? 0 : (row - w.height) / w.strideHeight + 1;
    int firstColumn = column < w.width ? 0 : (column - w.width) / w.strideWidth + 1;
    int lastRow = min(row / w.strideHeight, arguments.sizes.outputHeight - 1);
    int lastColumn = min(column / w.strideWidth, arguments.sizes.outputWidth - 1);
    float sum = 0.0f;
    for (int p = firstRow; p <= lastRow; p++)
      for (int q = firstColumn; q <= lastColumn; q++)
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
    int at = i % pixels, row = at / arguments.sizes.width + w.paddingHeight, column = at % arguments.sizes.width + w.paddingWidth;
    int firstRow = row < w.height ? 0 : (row - w.height) / w.strideHeight + 1;
    int firstColumn = column < w.width ? 0 : (column - w.width) / w.strideWidth + 1;
    int lastRow = min(row / w.strideHeight, arguments.sizes.outputHeight - 1);
    int lastColumn = min(column / w.strideWidth, arguments.sizes.outputWidth - 1);
    float sum = 0.0f;
    for (int p = firstRow; p <= lastRow; p++)
      for (int q = firstColumn; q <= lastColumn; q++)
        sum += arguments.gradient[(image * arguments.sizes.outputHeight + p) * arguments.sizes.outputWidth + q];
    arguments.y.set(i, sum / (w.height * w.width));
  }
}
