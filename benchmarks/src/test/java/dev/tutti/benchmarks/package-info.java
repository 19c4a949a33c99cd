@NullMarked
package dev.tutti.benchmarks;

import org.jspecify.annotations.NullMarked;
