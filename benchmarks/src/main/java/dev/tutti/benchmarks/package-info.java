/** JMH benchmarks; run one with {@code java -cp … org.openjdk.jmh.Main NAME}. */
@NullMarked
package dev.tutti.benchmarks;

import org.jspecify.annotations.NullMarked;
