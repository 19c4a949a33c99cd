/** How files and parameters prove that they are the same, bit for bit. */
@NullMarked
package dev.tutti.proto.digest;

import org.jspecify.annotations.NullMarked;
