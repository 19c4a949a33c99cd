// The cells of SequenceOp.Lstm and its gradient at one time; products with the recurrent weight come before.
//
//   P  element type of what comes in
//   H  of states and gates where they are kept
//   Y  of dprojected

struct Cells {
  // [samples, 4 · hidden], of this time.
  In<P> projected;
  // The time before's states times the recurrent weight; not of the first time.
  In<f32> recurrent;
  // [samples, hidden]; not of the first time.
  In<f32> before;
  Out<H> states, gates;
  Out<f32> cells;
  int64_t count;
  int hidden, isFirst;
};

DEVICE float gate(const Cells& a, int64_t sample, int which, int k) {
  int64_t i = sample * 4 * a.hidden + which * a.hidden + k;
  return a.isFirst ? a.projected[i] : a.projected[i] + a.recurrent[i];
}

KERNEL(256, lstm_cells, Cells) {
  FOR_EACH(i, arguments.count) {
    int64_t sample = i / arguments.hidden;
    int k = i % arguments.hidden;
    float in = Sigmoid::apply(gate(arguments, sample, 0, k));
    float forget = Sigmoid::apply(gate(arguments, sample, 1, k));
    float candidate = tanhf(gate(arguments, sample, 2, k));
    float out = Sigmoid::apply(gate(arguments, sample, 3, k));
    float cell = in * candidate + (arguments.isFirst ? 0.0f : forget * arguments.before[i]);
    int64_t g = sample * 4 * arguments.hidden + k;
    arguments.gates.set(g, in);
    arguments.gates.set(g + arguments.hidden, forget);
    arguments.gates.set(g + 2 * arguments.hidden, candidate);
    arguments.gates.set(g + 3 * arguments.hidden, out);
    arguments.cells.set(i, cell);
    arguments.states.set(i, out * tanhf(cell));
  }
}

struct CellGradients {
  // dh from above, and what the time behind gives back through the recurrent weight; that not at the last time.
  In<f32> gradient, recurrent;
  In<H> gates;
  In<f32> cells, before;
  // dc that goes on to the time before; read and written.
  float* carried;
  Out<Y> y;
  int64_t count;
  int hidden, isFirst, isLast;
};

KERNEL(256, lstm_cell_gradients, CellGradients) {
  FOR_EACH(i, arguments.count) {
    int64_t sample = i / arguments.hidden;
    int64_t g = sample * 4 * arguments.hidden + i % arguments.hidden;
    int h = arguments.hidden;
    float in = arguments.gates[g], forget = arguments.gates[g + h];
    float candidate = arguments.gates[g + 2 * h], out = arguments.gates[g + 3 * h];
    float dh = arguments.gradient[i] + (arguments.isLast ? 0.0f : arguments.recurrent[i]);
    float tanh = tanhf(arguments.cells[i]);
    float dc = (arguments.isLast ? 0.0f : arguments.carried[i]) + dh * out * (1.0f - tanh * tanh);
    arguments.carried[i] = dc * forget;
    arguments.y.set(g, dc * candidate * in * (1.0f - in));
    arguments.y.set(g + h, arguments.isFirst ? 0.0f : dc * arguments.before[i] * forget * (1.0f - forget));
    arguments.y.set(g + 2 * h, dc * in * (1.0f - candidate * candidate));
    arguments.y.set(g + 3 * h, dh * tanh * out * (1.0f - out));
  }
}
