/** How the command line starts a role without knowing it. */
@NullMarked
package dev.tutti.proto.launch;

import org.jspecify.annotations.NullMarked;
