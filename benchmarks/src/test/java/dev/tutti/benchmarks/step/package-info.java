@NullMarked
package dev.tutti.benchmarks.step;

import org.jspecify.annotations.NullMarked;
