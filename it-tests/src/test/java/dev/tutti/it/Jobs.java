package dev.tutti.it;

import dev.tutti.proto.v1.CancelRequest;
import dev.tutti.proto.v1.GetJobRequest;
import dev.tutti.proto.v1.JobsGrpc;
import dev.tutti.proto.v1.Progress;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** A plain client of the Jobs service, faster to ask than a process. */
final class Jobs implements AutoCloseable {
    private final ManagedChannel channel;
    private final JobsGrpc.JobsBlockingStub stub;

    Jobs(String address) {
        channel = NettyChannelBuilder.forTarget(address).usePlaintext().build();
        stub = JobsGrpc.newBlockingStub(channel);
    }

    /** Of the last progress report. */
    long step(String id) {
        return progress(id).getStep();
    }

    private Progress progress(String id) {
        return stub.withDeadlineAfter(10, TimeUnit.SECONDS)
                .get(GetJobRequest.newBuilder().setId(id).build())
                .getProgress();
    }

    void cancel(String id) {
        stub.withDeadlineAfter(10, TimeUnit.SECONDS)
                .cancel(CancelRequest.newBuilder().setId(id).build());
    }

    void awaitStep(String id, int step) {
        Awaitility.await(id + " at step " + step)
                .atMost(Duration.ofMinutes(2))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> step(id) >= step);
    }

    void awaitWorkers(String id, int workers) {
        Awaitility.await(id + " with " + workers + " workers")
                .atMost(Duration.ofMinutes(2))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> progress(id).getWorkers() == workers);
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
