/** The numbers of a shard: off-heap, one arena, one owner. */
@NullMarked
package dev.tutti.parameterserver.memory;

import org.jspecify.annotations.NullMarked;
