/** The worker's end of the data plane: gradients out, parameters in. */
@NullMarked
package dev.tutti.worker.exchange;

import org.jspecify.annotations.NullMarked;
