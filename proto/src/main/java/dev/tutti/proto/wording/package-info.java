/** Turns of phrase that the sentences of all roles share. */
@NullMarked
package dev.tutti.proto.wording;

import org.jspecify.annotations.NullMarked;
