package dev.tutti.parameterserver.rpc;

import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import dev.tutti.parameterserver.metrics.Refusal;
import dev.tutti.parameterserver.shard.ShardDirectory;
import dev.tutti.proto.v1.ParametersGrpc;
import io.grpc.Metadata;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code tutti.v1.Parameters} over the shards of this process. */
public final class ExchangeService {
    private static final Logger LOG = LoggerFactory.getLogger(ExchangeService.class);

    /** One frame is applied while the next is received. A worker that sends faster waits in its own process. */
    static final int FRAMES_IN_FLIGHT = 2;

    /** A stream takes another chunk while fewer bytes than this wait for the network, or than its part of those of all streams; a chunk is up to 1 MiB. */
    private static final int READY_BYTES = 1 << 20;

    private static final int LEAST_READY_BYTES = 64 << 10;
    private static final int READY_BYTES_OF_ALL = 4 << 20;

    private ExchangeService() {}

    public static ServerServiceDefinition of(ShardDirectory shards, ParameterServerMetrics metrics) {
        AtomicInteger streams = new AtomicInteger();
        return ServerServiceDefinition.builder(ParametersGrpc.SERVICE_NAME)
                .addMethod(Inbound.METHOD, (call, _) -> {
                    ExchangeCall listener = new ExchangeCall(call, shards, metrics, streams::decrementAndGet);
                    call.setOnReadyThreshold(
                            Math.clamp(READY_BYTES_OF_ALL / streams.incrementAndGet(), LEAST_READY_BYTES, READY_BYTES));
                    call.sendHeaders(new Metadata());
                    call.request(FRAMES_IN_FLIGHT);
                    return listener;
                })
                .build();
    }

    /**
     * Counts what gRPC refuses before any of it comes here: a message longer than the server reads. It has cancelled the stream by
     * itself then, without telling the worker why.
     */
    public static ServerStreamTracer.Factory tracing(ParameterServerMetrics metrics) {
        return new ServerStreamTracer.Factory() {
            @Override
            public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
                return method.equals(Inbound.METHOD.getFullMethodName())
                        ? new OversizedFrames(metrics)
                        : new ServerStreamTracer() {};
            }
        };
    }

    private static final class OversizedFrames extends ServerStreamTracer {
        private final ParameterServerMetrics metrics;

        OversizedFrames(ParameterServerMetrics metrics) {
            this.metrics = metrics;
        }

        @Override
        public void streamClosed(Status status) {
            if (status.getCode() == Status.Code.RESOURCE_EXHAUSTED) {
                metrics.refused(Refusal.OVERSIZED);
                LOG.warn("A frame of a worker was refused, and its stream cancelled: {}", status.getDescription());
            }
        }
    }
}
