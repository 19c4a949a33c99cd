/** Wire value types, and the data plane's own marshaller. */
@NullMarked
package dev.tutti.proto.wire;

import org.jspecify.annotations.NullMarked;
