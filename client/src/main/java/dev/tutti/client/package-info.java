/** The Java SDK: submit, watch and end training jobs of a Tutti cluster. */
@NullMarked
package dev.tutti.client;

import org.jspecify.annotations.NullMarked;
