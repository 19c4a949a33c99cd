/** One process of a cluster: configuration, life cycle, cluster membership, gRPC server, health and metrics. */
@NullMarked
package dev.tutti.node;

import org.jspecify.annotations.NullMarked;
