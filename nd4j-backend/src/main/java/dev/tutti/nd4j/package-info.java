/** ND4J as a backend, on its CPU or its CUDA 11 build, whichever lies beside this jar. */
@NullMarked
package dev.tutti.nd4j;

import org.jspecify.annotations.NullMarked;
