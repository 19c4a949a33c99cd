/**
 * The computation as a value: sealed operations over tensors whose shapes are known before the first step.
 *
 * <p>To add an operation: a record in {@link dev.tutti.tensor.graph.Op}, and then a case wherever the compiler asks for one — shape, type and printing
 * here, its gradient in {@code autodiff}, its precision in {@code lowering}, a plain loop in {@code backend.reference}, a kernel in each
 * other backend. In the tests: its graph in {@code OperationGraphs}, which holds every backend against the reference, and its formula in
 * {@code DoubleInterpreter}, which holds its gradient against differences.
 */
@NullMarked
package dev.tutti.tensor.graph;

import org.jspecify.annotations.NullMarked;
