/** Clusters of this machine: every role in this process, or one process for each. */
@NullMarked
package dev.tutti.client.local;

import org.jspecify.annotations.NullMarked;
