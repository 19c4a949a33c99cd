package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Kernel;

/**
 * A product that runs many times with one right operand, laid out once as is fastest to read.
 *
 * @param pack to be run when the right operand has changed
 */
record RepeatedProduct(Kernel pack, Product product) {}
