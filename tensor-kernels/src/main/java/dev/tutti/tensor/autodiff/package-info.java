/** Reverse-mode differentiation of graphs. */
@NullMarked
package dev.tutti.tensor.autodiff;

import org.jspecify.annotations.NullMarked;
