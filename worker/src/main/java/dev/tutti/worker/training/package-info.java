/** A job on one worker: planning, the training loop, evaluation. */
@NullMarked
package dev.tutti.worker.training;

import org.jspecify.annotations.NullMarked;
