/** The protocol on virtual time: how a job scales on computers and networks that nobody here has. */
@NullMarked
package dev.tutti.it.simulation;

import org.jspecify.annotations.NullMarked;
