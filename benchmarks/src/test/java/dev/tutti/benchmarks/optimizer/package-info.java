@NullMarked
package dev.tutti.benchmarks.optimizer;

import org.jspecify.annotations.NullMarked;
