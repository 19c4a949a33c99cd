/** Job files: YAML to {@code JobSpec} and back, driven by the message's descriptor. */
@NullMarked
package dev.tutti.client.yaml;

import org.jspecify.annotations.NullMarked;
