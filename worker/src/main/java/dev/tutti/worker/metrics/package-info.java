/** What the worker measures about itself. */
@NullMarked
package dev.tutti.worker.metrics;

import org.jspecify.annotations.NullMarked;
