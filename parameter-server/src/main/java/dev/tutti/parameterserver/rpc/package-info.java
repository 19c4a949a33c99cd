/** The data plane's service: translates gRPC calls to shard operations and back. */
@NullMarked
package dev.tutti.parameterserver.rpc;

import org.jspecify.annotations.NullMarked;
