/** The parameter server: owns ranges of the parameter space and applies gradients to them. */
@NullMarked
package dev.tutti.parameterserver;

import org.jspecify.annotations.NullMarked;
