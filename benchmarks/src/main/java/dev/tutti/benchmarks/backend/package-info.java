/** Where benchmarks compute. */
@NullMarked
package dev.tutti.benchmarks.backend;

import org.jspecify.annotations.NullMarked;
