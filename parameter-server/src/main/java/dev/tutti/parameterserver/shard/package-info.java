/** A shard: one range of one job's parameters, and the streams of the workers that share it. */
@NullMarked
package dev.tutti.parameterserver.shard;

import org.jspecify.annotations.NullMarked;
