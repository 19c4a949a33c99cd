/** Writes a shard's part of a checkpoint, aside from the shard's own thread. */
@NullMarked
package dev.tutti.parameterserver.checkpoint;

import org.jspecify.annotations.NullMarked;
