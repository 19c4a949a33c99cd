/** From what a model means to what a backend runs: precision, fused operations, memory. Each pass takes a graph and gives another. */
@NullMarked
package dev.tutti.tensor.lowering;

import org.jspecify.annotations.NullMarked;
