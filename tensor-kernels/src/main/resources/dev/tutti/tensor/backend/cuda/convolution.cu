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

// Rows are output pixels, columns the outputs of a group.
struct ForwardProblem {
  const Convolution& c;
  int group, m, n;
  int64_t begin, end;
  DEVICE Element a(int row, int64_t k) const {
    Tap t = tap(c.window, (int)k);
    return imageAt(c, pixel(row, c.outputHeight, c.outputWidth), group * inputs(c) + t.channel, t.i, t.j);
  }
  DEVICE Element b(int64_t k, int column) const {
    return c.weight[((int64_t)group * outputsOfGroup(c) + column) * inputs(c) * area(c.window) + k];
  }
  DEVICE void store(int row, int column, float sum) const {
    int output = group * outputsOfGroup(c) + column;
    c.y.set(outputPlace(c, pixel(row, c.outputHeight, c.outputWidth), output), sum + c.bias[output]);
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
  const Convolution& c;
  int group, m, n;
  int64_t begin, end;
  DEVICE Element a(int row, int64_t k) const {
    Tap t = tap(c.window, (int)k);
    Pixel p = pixel(row, c.height, c.width);
    int up = p.row + c.window.paddingHeight - t.i, left = p.column + c.window.paddingWidth - t.j;
    Pixel from = {p.sample, up / c.window.strideHeight, left / c.window.strideWidth};
    bool isThere = up >= 0 && left >= 0 && up % c.window.strideHeight == 0 && left % c.window.strideWidth == 0 &&
                   from.row < c.outputHeight && from.column < c.outputWidth;
    return isThere ? c.gradient[outputPlace(c, from, group * outputsOfGroup(c) + t.channel)] : (Element)0;
  }
  DEVICE Element b(int64_t k, int column) const {
    Tap t = tap(c.window, (int)k);
    int64_t output = group * outputsOfGroup(c) + t.channel;
    return c.weight[((output * inputs(c) + column) * c.window.height + t.i) * c.window.width + t.j];
  }
  DEVICE void store(int row, int column, float sum) const {
    Pixel p = pixel(row, c.height, c.width);
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
  const Convolution& c;
  int group, part, m, n;
  int64_t begin, end;
  DEVICE Element a(int row, int64_t k) const {
    return c.gradient[outputPlace(c, pixel((int)k, c.outputHeight, c.outputWidth), group * outputsOfGroup(c) + row)];
  }
  DEVICE Element b(int64_t k, int column) const {
    Tap t = tap(c.window, column);
    return imageAt(c, pixel((int)k, c.outputHeight, c.outputWidth), group * inputs(c) + t.channel, t.i, t.j);
  }
  DEVICE void store(int row, int column, float sum) const {
    int64_t output = (int64_t)part * c.outputs + group * outputsOfGroup(c) + row;
    c.y.set(output * n + column, sum);
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
