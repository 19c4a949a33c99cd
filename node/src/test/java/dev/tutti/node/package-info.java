@NullMarked
package dev.tutti.node;

import org.jspecify.annotations.NullMarked;
