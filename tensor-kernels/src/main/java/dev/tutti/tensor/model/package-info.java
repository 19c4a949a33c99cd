/** Presets and layers: from a model's description to a training graph and an evaluation graph. */
@NullMarked
package dev.tutti.tensor.model;

import org.jspecify.annotations.NullMarked;
