/** How fast gradients and parameters move. */
@NullMarked
package dev.tutti.benchmarks.exchange;

import org.jspecify.annotations.NullMarked;
