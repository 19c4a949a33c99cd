package dev.tutti.parameterserver.rpc;

import dev.tutti.parameterserver.shard.ShardDirectory;
import dev.tutti.proto.v1.ParametersGrpc;
import io.grpc.Metadata;
import io.grpc.ServerServiceDefinition;

/** {@code tutti.v1.Parameters} over the shards of this process. */
public final class ExchangeService {
    /** One frame is applied while the next is received. A worker that sends faster waits in its own process. */
    private static final int FRAMES_IN_FLIGHT = 2;

    /** A stream takes another chunk while fewer bytes than this wait for the network; a chunk is up to 1 MiB. */
    private static final int READY_BYTES = 1 << 20;

    private ExchangeService() {}

    public static ServerServiceDefinition of(ShardDirectory shards) {
        return ServerServiceDefinition.builder(ParametersGrpc.SERVICE_NAME)
                .addMethod(Inbound.METHOD, (call, _) -> {
                    ExchangeCall listener = new ExchangeCall(call, shards);
                    call.setOnReadyThreshold(READY_BYTES);
                    call.sendHeaders(new Metadata());
                    call.request(FRAMES_IN_FLIGHT);
                    return listener;
                })
                .build();
    }
}
