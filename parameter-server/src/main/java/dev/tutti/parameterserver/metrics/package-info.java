/** What a parameter server counts. */
@NullMarked
package dev.tutti.parameterserver.metrics;

import org.jspecify.annotations.NullMarked;
