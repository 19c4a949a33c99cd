/** Makes the files of a job's shards a checkpoint. */
@NullMarked
package dev.tutti.coordinator.checkpoint;

import org.jspecify.annotations.NullMarked;
