/** What the coordinator decides: pure functions over immutable state. Nothing here reads a clock, sends, or waits. */
@NullMarked
package dev.tutti.coordinator.job;

import org.jspecify.annotations.NullMarked;
