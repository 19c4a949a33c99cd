package dev.tutti.benchmarks.exchange;

import dev.tutti.proto.launch.ExchangeBenchmark;
import dev.tutti.proto.launch.LaunchException;
import java.util.List;

/** Workers, shards and both baselines in this process, over real sockets. */
public final class ProcessExchangeBenchmark implements ExchangeBenchmark {
    private static final int FAILED = 1;
    private static final int INTERRUPTED = 130;

    @Override
    public Result measure(Request request) throws LaunchException {
        long elements = request.bytes() / Float.BYTES;
        long bytes = elements * Float.BYTES;
        boolean unix = request.transport().equals("uds");
        try (ShardLap exchange = new ShardLap(elements, request.shards(), request.workers(), unix);
                PlainSockets sockets = new PlainSockets(request.workers(), bytes, unix);
                PlainGrpc grpc = new PlainGrpc(request.workers(), bytes)) {
            long moved = 2 * bytes * request.workers();
            Laps ours = new Laps(exchange, moved);
            Laps plain = new Laps(sockets, moved);
            Laps protobuf = new Laps(grpc, moved);
            Laps.inTurn(List.of(ours, plain, protobuf), request.time());
            return new Result(request, elements, 2 * bytes, ours.figures(), plain.figures(), protobuf.figures());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LaunchException(INTERRUPTED, "interrupted", e);
        } catch (Exception e) {
            throw new LaunchException(FAILED, "the exchange could not be measured: " + e, e);
        }
    }
}
