/** Where samples come from, in which order they are read, and how a batch is filled. */
@NullMarked
package dev.tutti.worker.data;

import org.jspecify.annotations.NullMarked;
