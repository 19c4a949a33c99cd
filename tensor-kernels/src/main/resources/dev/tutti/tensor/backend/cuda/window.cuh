// Images in any layout, and what a convolution or a pooling sees of them at once. Stands before convolution.cu and images.cu.

struct Window {
  int height, width, strideHeight, strideWidth, paddingHeight, paddingWidth;
};

// [samples, channels, height, width], neighbours so many elements apart.
struct Layout {
  int64_t sample, channel, row, column;
  DEVICE int64_t place(int n, int c, int r, int q) const { return n * sample + c * channel + r * row + q * column; }
};

struct Pixel {
  int sample, row, column;
};

// Of `at`, samples, then rows, then columns.
DEVICE Pixel pixel(int64_t at, int height, int width) {
  return {(int)(at / ((int64_t)height * width)), (int)(at / width % height), (int)(at % width)};
}
