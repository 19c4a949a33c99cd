package dev.tutti.coordinator.api;

import dev.tutti.proto.v1.ApiError;
import io.grpc.Status;
import java.time.Duration;

/** The coordinator's refusals as gRPC carries them. */
final class ApiErrors {
    private ApiErrors() {}

    static RuntimeException of(ApiError error) {
        return Status.fromCodeValue(error.getCode())
                .withDescription(error.getMessage())
                .asRuntimeException();
    }

    static RuntimeException unanswered(Duration patience) {
        return Status.UNAVAILABLE
                .withDescription("The cluster's coordinator did not answer within " + patience.toSeconds()
                        + " s; it may be starting or moving to another process: try again")
                .asRuntimeException();
    }
}
