/**
 * The CPU: matrix products by oneDNN through the foreign function API, or portable loops where oneDNN has no build; everything else
 * in loops the JIT compiler vectorizes.
 */
@NullMarked
package dev.tutti.tensor.backend.cpu;

import org.jspecify.annotations.NullMarked;
