/** Comparison with numbers nobody here computed. Built and run with {@code -Ppeers} only, for what it downloads is large. */
@NullMarked
package dev.tutti.tensor.peer;

import org.jspecify.annotations.NullMarked;
