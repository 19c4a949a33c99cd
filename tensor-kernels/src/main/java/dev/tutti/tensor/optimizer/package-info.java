/** Update rules over flat slices of parameters. */
@NullMarked
package dev.tutti.tensor.optimizer;

import org.jspecify.annotations.NullMarked;
