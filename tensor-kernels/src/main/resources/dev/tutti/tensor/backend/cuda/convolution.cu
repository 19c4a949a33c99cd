// graph/ConvolutionOp.java: Conv2d and its gradients as products of matrices that are gathered from images [samples, channels, height, width].
//
//   X  element type of images, weights and of the gradient that comes in
//   Y  of the result

typedef X::Storage Element;

struct Convolution {
  const Element* images;
  const Element* weight;
  const Element* gradient;
  In<f32> bias;
  Out<Y> y;
  int samples, channels, height, width, outputs, outputHeight, outputWidth, groups;
  // Of the images, and of what the convolution makes of them.
  Layout input, output;
  Window window;
  // Of the weight's gradient: how much of the long sum a block has; its result is [parts, outputs, inputs of a group, height, width].
  int partLength;
};

DEVICE int inputs(const Convolution& c) { return c.channels / c.groups; }
DEVICE int outputsOfGroup(const Convolution& c) { return c.outputs / c.groups; }
DEVICE int area(const Window& w) { return w.height * w.width; }

// A column of the weight: input channel and place in the window.
struct Tap {
  int channel, i, j;
};

DEVICE Tap tap(const Window& w, int at) { return {at / area(w), at / w.width % w.height, at % w.width}; }

DEVICE Element imageAt(const Convolution& c, const Pixel& p, int channel, int i, int j) {
  int row = p.row * c.window.strideHeight + i - c.window.paddingHeight;
  int column = p.column * c.window.strideWidth + j - c.window.paddingWidth;
  if (row < 0 || row >= c.height || column < 0 || column >= c.width) return (Element)0;
  return c.images[c.input.place(p.sample, channel, row, column)];
}

DEVICE int64_t outputPlace(const Convolution& c, const Pixel& p, int output) {
  return c.output.place(p.sample, output, p.row, p.column);
}

// Of an output, an input channel of its group, and a place in the window.
DEVICE int64_t weightPlace(const Convolution& c, int output, int channel, const Tap& t) {
  return (((int64_t)output * inputs(c) + channel) * c.window.height + t.i) * c.window.width + t.j;
}

// Rows are output pixels, columns the outputs of a group.
struct ForwardProblem {
  typedef Pixel Row;
  typedef int Column;
  typedef Tap Depth;
  const Convolution& c;
  int group, m, n;
  int64_t begin, end;
  DEVICE Pixel row(int m) const { return pixel(m, c.outputHeight, c.outputWidth); }
  DEVICE int column(int n) const { return group * outputsOfGroup(c) + n; }
  DEVICE Tap depth(int64_t k) const { return tap(c.window, (int)k); }
  DEVICE Element a(const Pixel& p, const Tap& t) const { return imageAt(c, p, group * inputs(c) + t.channel, t.i, t.j); }
  DEVICE Element b(const Tap& t, int output) const { return c.weight[weightPlace(c, output, t.channel, t)]; }
  DEVICE void store(const Pixel& p, int output, float sum) const {
    c.y.set(outputPlace(c, p, output), sum + c.bias[output]);
  }
};

KERNEL(PRODUCT_THREADS, conv2d, Convolution) {
  const Convolution& c = arguments;
  ForwardProblem problem = {c, (int)blockIdx.z, c.samples * c.outputHeight * c.outputWidth, outputsOfGroup(c), 0,
                            (int64_t)inputs(c) * area(c.window)};
  Product<X, ForwardProblem>::run(problem, blockIdx.x * PRODUCT_TILE, blockIdx.y * PRODUCT_TILE);
}

// Rows are input pixels, columns the input channels of a group; k is an output and a place in the window.
struct InputProblem {
  typedef Pixel Row;
  typedef int Column;
  typedef Tap Depth;
  const Convolution& c;
  int group, m, n;
  int64_t begin, end;
  DEVICE Pixel row(int m) const { return pixel(m, c.height, c.width); }
  DEVICE int column(int n) const { return n; }
  DEVICE Tap depth(int64_t k) const { return tap(c.window, (int)k); }
  DEVICE Element a(const Pixel& p, const Tap& t) const {
    int up = p.row + c.window.paddingHeight - t.i, left = p.column + c.window.paddingWidth - t.j;
    Pixel from = {p.sample, up, left};
    bool isThere = up >= 0 && left >= 0;
    // Divisions take longer than all the rest, and are seldom needed.
    if (c.window.strideHeight != 1 || c.window.strideWidth != 1) {
      from = {p.sample, up / c.window.strideHeight, left / c.window.strideWidth};
      isThere = isThere && from.row * c.window.strideHeight == up && from.column * c.window.strideWidth == left;
    }
    isThere = isThere && from.row < c.outputHeight && from.column < c.outputWidth;
    return isThere ? c.gradient[outputPlace(c, from, group * outputsOfGroup(c) + t.channel)] : (Element)0;
  }
  DEVICE Element b(const Tap& t, int column) const {
    return c.weight[weightPlace(c, group * outputsOfGroup(c) + t.channel, column, t)];
  }
  DEVICE void store(const Pixel& p, int column, float sum) const {
    c.y.set(c.input.place(p.sample, group * inputs(c) + column, p.row, p.column), sum);
  }
};

KERNEL(PRODUCT_THREADS, conv2d_input_gradient, Convolution) {
  const Convolution& c = arguments;
  InputProblem problem = {c, (int)blockIdx.z, c.samples * c.height * c.width, inputs(c), 0,
                          (int64_t)outputsOfGroup(c) * area(c.window)};
  Product<X, InputProblem>::run(problem, blockIdx.x * PRODUCT_TILE, blockIdx.y * PRODUCT_TILE);
}

// Rows are the outputs of a group, columns the weight's; k is an output pixel. Blocks in z are parts of k, then groups.
struct WeightProblem {
  typedef int Row;
  typedef Tap Column;
  typedef Pixel Depth;
  const Convolution& c;
  int group, part, m, n;
  int64_t begin, end;
  DEVICE int row(int m) const { return group * outputsOfGroup(c) + m; }
  DEVICE Tap column(int n) const { return tap(c.window, n); }
  DEVICE Pixel depth(int64_t k) const { return pixel(k, c.outputHeight, c.outputWidth); }
  DEVICE Element a(int output, const Pixel& p) const { return c.gradient[outputPlace(c, p, output)]; }
  DEVICE Element b(const Pixel& p, const Tap& t) const { return imageAt(c, p, group * inputs(c) + t.channel, t.i, t.j); }
  DEVICE void store(int output, const Tap& t, float sum) const {
    c.y.set((int64_t)part * c.outputs * n + weightPlace(c, output, t.channel, t), sum);
  }
};

KERNEL(PRODUCT_THREADS, conv2d_weight_gradient, Convolution) {
  const Convolution& c = arguments;
  int group = blockIdx.z % c.groups, part = blockIdx.z / c.groups;
  int64_t length = (int64_t)c.samples * c.outputHeight * c.outputWidth, begin = (int64_t)part * c.partLength;
  WeightProblem problem = {c, group, part, outputsOfGroup(c), inputs(c) * area(c.window), begin,
                           begin + c.partLength < length ? begin + c.partLength : length};
  Product<X, WeightProblem>::run(problem, blockIdx.x * PRODUCT_TILE, blockIdx.y * PRODUCT_TILE);
}

// The bias' gradient: the sum of an output's pixels, a block for each.
KERNEL(256, conv2d_bias_gradient, Convolution) {
  const Convolution& c = arguments;
  int pixels = c.outputHeight * c.outputWidth;
  float sum = 0.0f;
  for (int64_t i = threadIdx.x; i < (int64_t)c.samples * pixels; i += blockDim.x)
    sum += X::load(c.gradient[outputPlace(c, pixel(i, c.outputHeight, c.outputWidth), blockIdx.x)]);
  sum = sumOfBlock(sum);
  if (threadIdx.x == 0) c.y.set(blockIdx.x, sum);
}
