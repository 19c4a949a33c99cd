@NullMarked
package dev.tutti.worker.data;

import org.jspecify.annotations.NullMarked;
