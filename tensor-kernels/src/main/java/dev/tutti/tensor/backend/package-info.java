/** Where a graph becomes a program that runs. */
@NullMarked
package dev.tutti.tensor.backend;

import org.jspecify.annotations.NullMarked;
