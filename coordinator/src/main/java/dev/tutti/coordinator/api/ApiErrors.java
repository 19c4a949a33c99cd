package dev.tutti.coordinator.api;

import dev.tutti.proto.v1.ApiError;
import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;

/** The coordinator's refusals as gRPC carries them. */
final class ApiErrors {
    private ApiErrors() {}

    static RuntimeException of(ApiError error) {
        return Status.fromCodeValue(error.getCode())
                .withDescription(error.getMessage())
                .asRuntimeException();
    }

    /** @param failure of a question to the coordinator */
    static RuntimeException of(Throwable failure, Duration patience) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return cause instanceof TimeoutException
                ? unanswered(patience)
                : Status.INTERNAL
                        .withDescription("The cluster's coordinator could not be asked: " + cause)
                        .withCause(cause)
                        .asRuntimeException();
    }

    static RuntimeException unanswered(Duration patience) {
        return Status.UNAVAILABLE
                .withDescription("The cluster's coordinator did not answer within " + patience.toSeconds()
                        + " s; it may be starting or moving to another process: try again")
                .asRuntimeException();
    }
}
