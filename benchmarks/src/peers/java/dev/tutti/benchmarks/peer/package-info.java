/** The same models in other libraries. */
@NullMarked
package dev.tutti.benchmarks.peer;

import org.jspecify.annotations.NullMarked;
