/** Training steps in one process, as {@code tutti bench step} and JMH measure them. */
@NullMarked
package dev.tutti.benchmarks.step;

import org.jspecify.annotations.NullMarked;
