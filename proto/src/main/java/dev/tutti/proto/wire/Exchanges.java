package dev.tutti.proto.wire;

import dev.tutti.proto.v1.ParametersGrpc;
import io.grpc.MethodDescriptor;

/** The {@code tutti.v1.Parameters/Exchange} call with payloads that never pass through a protobuf parse. */
public final class Exchanges {
    /** Same name, same bytes on the wire as the generated descriptor; client and server may use either. */
    public static final MethodDescriptor<ExchangeFrame, ExchangeFrame> METHOD =
            MethodDescriptor.<ExchangeFrame, ExchangeFrame>newBuilder()
                    .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
                    .setFullMethodName(MethodDescriptor.generateFullMethodName(ParametersGrpc.SERVICE_NAME, "Exchange"))
                    .setRequestMarshaller(FrameMarshaller.INSTANCE)
                    .setResponseMarshaller(FrameMarshaller.INSTANCE)
                    .build();

    private Exchanges() {}
}
