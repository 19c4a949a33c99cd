package dev.tutti.parameterserver.rpc;

import dev.tutti.parameterserver.metrics.Refusal;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.Exchanges;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.InputStream;

/**
 * What a worker sent. gRPC's server answers a marshaller that throws with "application error" and logs it as our fault; so bytes that are
 * no frame become a value, and the worker is told what is wrong with them.
 */
sealed interface Inbound {
    /** The receiver closes it. */
    record Intact(ExchangeFrame frame) implements Inbound {}

    /**
     * Bytes of which nothing is read.
     *
     * @param reason one sentence
     */
    record Malformed(Refusal why, String reason) implements Inbound {}

    MethodDescriptor<Inbound, ExchangeFrame> METHOD = Exchanges.METHOD.toBuilder(
                    new MethodDescriptor.Marshaller<Inbound>() {
                        @Override
                        public InputStream stream(Inbound inbound) {
                            throw new UnsupportedOperationException("A server only reads what workers send");
                        }

                        @Override
                        public Inbound parse(InputStream stream) {
                            try {
                                return new Intact(Exchanges.METHOD.parseRequest(stream));
                            } catch (StatusRuntimeException e) {
                                return malformed(e.getStatus());
                            }
                        }
                    },
                    Exchanges.METHOD.getResponseMarshaller())
            .build();

    private static Malformed malformed(Status status) {
        String description = status.getDescription();
        return new Malformed(
                status.getCode() == Status.Code.DATA_LOSS ? Refusal.CHECKSUM : Refusal.MALFORMED,
                description == null ? status.getCode().toString() : description);
    }
}
