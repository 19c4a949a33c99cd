// graph/ConvolutionOp.java: pooling.
//
//   X  element type of operands
//   Y  of the result

#define NOWHERE 4

struct Pool {
  In<X> x;
  In<X> gradient;
  int* places;
  Out<Y> y;
  int samples, channels, height, width, outputHeight, outputWidth;
  Layout input, output;
  Window window;
};

DEVICE bool larger(float value, float than) { return value > than || (value != value && than == than); }

struct Best {
  int row, column;
  float value;
};

// The first of the largest of a window; a NaN is larger than anything.
DEVICE Best largest(const Pool& a, int sample, int channel, int p, int q) {
  Best best = {-1, -1, 0.0f};
  for (int i = 0; i < a.window.height; i++)
    for (int j = 0; j < a.window.width; j++) {
      int row = p * a.window.strideHeight + i - a.window.paddingHeight;
      int column = q * a.window.strideWidth + j - a.window.paddingWidth;
      if (row < 0 || row >= a.height || column < 0 || column >= a.width) continue;
      float other = a.x[a.input.place(sample, channel, row, column)];
      if (best.row < 0 || larger(other, best.value)) best = {row, column, other};
    }
  return best;
}

// Element i of samples, channels, height and width, in this order whatever the layout.
struct Place {
  int sample, channel, row, column;
};

DEVICE Place place(int64_t i, int channels, int height, int width) {
  Pixel p = pixel(i, height, width);
  return {p.sample / channels, p.sample % channels, p.row, p.column};
}

#define FOR_OUTPUTS(i) FOR_EACH(i, (int64_t)arguments.samples * arguments.channels * arguments.outputHeight * arguments.outputWidth)
#define FOR_INPUTS(i) FOR_EACH(i, (int64_t)arguments.samples * arguments.channels * arguments.height * arguments.width)

KERNEL(256, max_pool, Pool) {
  FOR_OUTPUTS(i) {
    Place at = place(i, arguments.channels, arguments.outputHeight, arguments.outputWidth);
    Best best = largest(arguments, at.sample, at.channel, at.row, at.column);
    arguments.y.set(arguments.output.place(at.sample, at.channel, at.row, at.column), best.value);
  }
}

// Of pairs of pixels: the largest if it is positive, else 0, and where it was.
KERNEL(256, max_pool_relu, Pool) {
  FOR_OUTPUTS(i) {
    Place at = place(i, arguments.channels, arguments.outputHeight, arguments.outputWidth);
    Best best = largest(arguments, at.sample, at.channel, at.row, at.column);
    int64_t to = arguments.output.place(at.sample, at.channel, at.row, at.column);
    arguments.y.set(to, Relu::apply(best.value));
    arguments.places[to] = best.value <= 0.0f ? NOWHERE : (best.row - 2 * at.row) * 2 + best.column - 2 * at.column;
  }
}

// What max_pool_relu gives back; each pixel is in one window at most.
KERNEL(256, max_pool_scatter, Pool) {
  FOR_INPUTS(i) {
    Place at = place(i, arguments.channels, arguments.height, arguments.width);
    int p = at.row / 2, q = at.column / 2;
    float value = 0.0f;
    if (p < arguments.outputHeight && q < arguments.outputWidth) {
      int64_t from = arguments.output.place(at.sample, at.channel, p, q);
      if (arguments.places[from] == at.row % 2 * 2 + at.column % 2) value = arguments.gradient[from];
    }
    arguments.y.set(arguments.input.place(at.sample, at.channel, at.row, at.column), value);
  }
}

// The windows that a pixel is in.
struct Windows {
  int firstRow, lastRow, firstColumn, lastColumn;
};

DEVICE Windows windows(const Pool& a, const Place& at) {
  const Window& w = a.window;
  int row = at.row + w.paddingHeight, column = at.column + w.paddingWidth;
  return {row < w.height ? 0 : (row - w.height) / w.strideHeight + 1, min(row / w.strideHeight, a.outputHeight - 1),
          column < w.width ? 0 : (column - w.width) / w.strideWidth + 1, min(column / w.strideWidth, a.outputWidth - 1)};
}

// Each pixel gathers from its windows, rows before columns.
KERNEL(256, max_pool_gradient, Pool) {
  FOR_INPUTS(i) {
    Place at = place(i, arguments.channels, arguments.height, arguments.width);
    Windows in = windows(arguments, at);
    float sum = 0.0f;
    for (int p = in.firstRow; p <= in.lastRow; p++)
      for (int q = in.firstColumn; q <= in.lastColumn; q++) {
        Best best = largest(arguments, at.sample, at.channel, p, q);
        if (best.row == at.row && best.column == at.column)
          sum += arguments.gradient[arguments.output.place(at.sample, at.channel, p, q)];
      }
    arguments.y.set(arguments.input.place(at.sample, at.channel, at.row, at.column), sum);
  }
}

KERNEL(256, average_pool, Pool) {
  const Window& w = arguments.window;
  FOR_OUTPUTS(i) {
    Place at = place(i, arguments.channels, arguments.outputHeight, arguments.outputWidth);
    int top = at.row * w.strideHeight - w.paddingHeight, left = at.column * w.strideWidth - w.paddingWidth;
    float sum = 0.0f;
    for (int row = max(top, 0); row < min(top + w.height, arguments.height); row++)
      for (int column = max(left, 0); column < min(left + w.width, arguments.width); column++)
        sum += arguments.x[arguments.input.place(at.sample, at.channel, row, column)];
    arguments.y.set(arguments.output.place(at.sample, at.channel, at.row, at.column), sum / (w.height * w.width));
  }
}

KERNEL(256, average_pool_gradient, Pool) {
  const Window& w = arguments.window;
  FOR_INPUTS(i) {
    Place at = place(i, arguments.channels, arguments.height, arguments.width);
    Windows in = windows(arguments, at);
    float sum = 0.0f;
    for (int p = in.firstRow; p <= in.lastRow; p++)
      for (int q = in.firstColumn; q <= in.lastColumn; q++)
        sum += arguments.gradient[arguments.output.place(at.sample, at.channel, p, q)];
    arguments.y.set(arguments.input.place(at.sample, at.channel, at.row, at.column), sum / (w.height * w.width));
  }
}
