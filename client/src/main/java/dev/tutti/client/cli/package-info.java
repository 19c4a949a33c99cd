/** The {@code tutti} command line. Data goes to standard output, narration to standard error. */
@NullMarked
package dev.tutti.client.cli;

import org.jspecify.annotations.NullMarked;
