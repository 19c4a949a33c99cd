/** Plain loops, obviously right: what every other backend is measured against. */
@NullMarked
package dev.tutti.tensor.backend.reference;

import org.jspecify.annotations.NullMarked;
