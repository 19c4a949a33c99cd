package dev.tutti.benchmarks.exchange;

import dev.tutti.proto.launch.ExchangeBenchmark;
import dev.tutti.proto.launch.ExchangeBenchmark.Transport;
import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.v1.ExchangeEncodings;
import dev.tutti.proto.v1.GradientEncoding;
import dev.tutti.proto.v1.PlainEncoding;
import dev.tutti.proto.v1.Precision;
import dev.tutti.proto.v1.TopK;
import dev.tutti.proto.wire.encoding.JobEncodings;
import java.util.List;

/** Workers, shards and both baselines in this process, over real sockets. */
public final class ProcessExchangeBenchmark implements ExchangeBenchmark {
    private static final int FAILED = 1;
    private static final int USAGE = 2;
    private static final int INTERRUPTED = 130;
    private static final double TOP_K_SHARE = 0.01;

    @Override
    public Result measure(Request request) throws LaunchException {
        long elements = request.bytes() / Float.BYTES;
        long bytes = elements * Float.BYTES;
        ExchangeEncodings encodings = encodings(request.encoding());
        try (ShardLap exchange =
                        new ShardLap(elements, request.shards(), request.workers(), request.transport(), encodings);
                PlainSockets sockets =
                        new PlainSockets(request.workers(), bytes, request.transport() == Transport.UDS);
                PlainGrpc grpc = new PlainGrpc(request.workers(), bytes)) {
            long payload = exchange.payloadBytes(JobEncodings.gradients(encodings))
                    + exchange.payloadBytes(JobEncodings.parameters(encodings));
            long moved = 2 * bytes * request.workers();
            Laps ours = new Laps(exchange, payload * request.workers());
            Laps plain = new Laps(sockets, moved);
            Laps protobuf = new Laps(grpc, moved);
            Laps.inTurn(List.of(ours, plain, protobuf), request.time());
            return new Result(request, elements, payload, ours.figures(), plain.figures(), protobuf.figures());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LaunchException(INTERRUPTED, "interrupted", e);
        } catch (Exception e) {
            throw new LaunchException(FAILED, "the exchange could not be measured: " + e, e);
        }
    }

    /** Of gradients; parameters come back in the same if it is a float type, else in f32. */
    private static ExchangeEncodings encodings(String name) throws LaunchException {
        PlainEncoding plain = PlainEncoding.getDefaultInstance();
        GradientEncoding.Builder gradients = GradientEncoding.newBuilder();
        ExchangeEncodings.Builder encodings = ExchangeEncodings.newBuilder().setParameters(Precision.PRECISION_F32);
        switch (name) {
            case "f32" -> gradients.setF32(plain);
            case "bf16" -> {
                gradients.setBf16(plain);
                encodings.setParameters(Precision.PRECISION_BF16);
            }
            case "f16" -> {
                gradients.setF16(plain);
                encodings.setParameters(Precision.PRECISION_F16);
            }
            case "int8" -> gradients.setInt8(plain);
            case "top-k" -> gradients.setTopK(TopK.newBuilder().setShare(TOP_K_SHARE));
            default ->
                throw new LaunchException(
                        USAGE, "--encoding must be one of f32, bf16, f16, int8, top-k, got " + name, null);
        }
        return encodings.setGradients(gradients).build();
    }
}
