/** The checkpoint format: safetensors files and the manifest that makes them one. */
@NullMarked
package dev.tutti.proto.checkpoint;

import org.jspecify.annotations.NullMarked;
