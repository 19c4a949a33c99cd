/** How processes reach each other's gRPC servers, with the settings that both ends share. */
@NullMarked
package dev.tutti.node.transport;

import org.jspecify.annotations.NullMarked;
