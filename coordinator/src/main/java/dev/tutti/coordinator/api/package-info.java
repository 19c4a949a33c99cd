/** The gRPC service of jobs, served by every coordinator process and answered by the one that coordinates. */
@NullMarked
package dev.tutti.coordinator.api;

import org.jspecify.annotations.NullMarked;
