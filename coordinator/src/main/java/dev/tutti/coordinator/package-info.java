/** The coordinator's process: actors and services around the decisions of {@code dev.tutti.coordinator.job}. */
@NullMarked
package dev.tutti.coordinator;

import org.jspecify.annotations.NullMarked;
