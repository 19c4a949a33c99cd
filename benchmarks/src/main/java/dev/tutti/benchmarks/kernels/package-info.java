/** Single operations in one process, as {@code tutti bench kernels} measures them, and the product with which {@code tutti bench step} compares a step. */
@NullMarked
package dev.tutti.benchmarks.kernels;

import org.jspecify.annotations.NullMarked;
