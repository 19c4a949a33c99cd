/** Counter-based randomness: every number is a pure function of its key and index. */
@NullMarked
package dev.tutti.tensor.random;

import org.jspecify.annotations.NullMarked;
