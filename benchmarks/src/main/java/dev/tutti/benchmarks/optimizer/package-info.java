/** How fast a shard's parameters are updated. */
@NullMarked
package dev.tutti.benchmarks.optimizer;

import org.jspecify.annotations.NullMarked;
