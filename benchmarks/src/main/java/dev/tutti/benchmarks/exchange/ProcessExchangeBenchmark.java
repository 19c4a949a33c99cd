package dev.tutti.benchmarks.exchange;

import dev.tutti.proto.launch.ExchangeBenchmark;
import dev.tutti.proto.launch.ExchangeBenchmark.Transport;
import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.spec.JobSpecs;
import dev.tutti.proto.v1.ExchangeEncodings;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.PlainEncoding;
import dev.tutti.proto.v1.Precision;
import dev.tutti.proto.v1.TopK;
import dev.tutti.proto.wire.encoding.JobEncodings;
import java.util.List;

/** Workers, shards and both baselines in this process, over real sockets. */
public final class ProcessExchangeBenchmark implements ExchangeBenchmark {
    private static final int FAILED = 1;
    private static final int INTERRUPTED = 130;

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

    /** As a job has them that says no more. */
    private static ExchangeEncodings encodings(Encoding encoding) {
        PlainEncoding plain = PlainEncoding.getDefaultInstance();
        JobSpec.Builder spec = JobSpec.newBuilder();
        ExchangeEncodings.Builder exchange = spec.getTrainingBuilder().getExchangeBuilder();
        switch (encoding) {
            case F32 -> exchange.getGradientsBuilder().setF32(plain);
            case BF16 -> {
                exchange.getGradientsBuilder().setBf16(plain);
                exchange.setParameters(Precision.PRECISION_BF16);
            }
            case F16 -> {
                exchange.getGradientsBuilder().setF16(plain);
                exchange.setParameters(Precision.PRECISION_F16);
            }
            case INT8 -> exchange.getGradientsBuilder().setInt8(plain);
            case TOP_K -> exchange.getGradientsBuilder().setTopK(TopK.getDefaultInstance());
        }
        return JobSpecs.withDefaults(spec.build()).getTraining().getExchange();
    }
}
