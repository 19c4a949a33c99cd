/** The worker role: reads data, trains, evaluates. */
@NullMarked
package dev.tutti.worker;

import org.jspecify.annotations.NullMarked;
