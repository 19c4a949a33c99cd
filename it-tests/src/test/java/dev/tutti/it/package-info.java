/** The whole product: architecture rules, and real processes on loopback. */
@NullMarked
package dev.tutti.it;

import org.jspecify.annotations.NullMarked;
