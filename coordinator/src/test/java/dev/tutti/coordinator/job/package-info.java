@NullMarked
package dev.tutti.coordinator.job;

import org.jspecify.annotations.NullMarked;
