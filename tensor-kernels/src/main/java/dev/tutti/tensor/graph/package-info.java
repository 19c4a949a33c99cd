/** The computation as a value: sealed operations over tensors whose shapes are known before the first step. */
@NullMarked
package dev.tutti.tensor.graph;

import org.jspecify.annotations.NullMarked;
