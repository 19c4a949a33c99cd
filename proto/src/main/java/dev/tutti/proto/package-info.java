/** The contract between processes. Generated messages live in {@code dev.tutti.proto.v1}. */
@NullMarked
package dev.tutti.proto;

import org.jspecify.annotations.NullMarked;
