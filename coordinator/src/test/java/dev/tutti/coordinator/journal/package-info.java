@NullMarked
package dev.tutti.coordinator.journal;

import org.jspecify.annotations.NullMarked;
