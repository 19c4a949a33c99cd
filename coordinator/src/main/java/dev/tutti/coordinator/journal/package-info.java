/** What the coordinator remembers: its epoch, and the events its decisions rest on. */
@NullMarked
package dev.tutti.coordinator.journal;

import org.jspecify.annotations.NullMarked;
