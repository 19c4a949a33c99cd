/** How the elements of a chunk travel. */
@NullMarked
package dev.tutti.proto.wire.encoding;

import org.jspecify.annotations.NullMarked;
