@NullMarked
package dev.tutti.coordinator.api;

import org.jspecify.annotations.NullMarked;
