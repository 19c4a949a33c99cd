package dev.tutti.client;

import io.grpc.Status;
import io.netty.handler.codec.http2.Http2Exception;
import org.jspecify.annotations.Nullable;

/** A request that was not fulfilled. The message is one sentence for a person; the category says what a program should do. */
public final class TrainingException extends Exception {
    private static final long serialVersionUID = 1L;

    /** What went wrong, and the exit code of the command line for it. */
    public enum Category {
        /** The job, or the request itself, failed; the same request would fail again. */
        FAILED(1),
        /** The request breaks a rule, or asks what the job's state does not allow; change it. */
        INVALID(2),
        NOT_FOUND(3),
        /** Nobody answers at the coordinator's address; try again later or elsewhere. */
        UNREACHABLE(4),
        UNAUTHENTICATED(5),
        /** No answer before the deadline; the request may have had its effect. */
        TIMEOUT(6),
        /** The cluster can not run the job as it is. */
        UNSCHEDULABLE(7),
        CANCELLED(8);

        private final int exitCode;

        Category(int exitCode) {
            this.exitCode = exitCode;
        }

        public int exitCode() {
            return exitCode;
        }
    }

    private final Category category;

    public TrainingException(Category category, String message) {
        this(category, message, null);
    }

    public TrainingException(Category category, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.category = category;
    }

    public Category category() {
        return category;
    }

    /** @param coordinator host:port that was asked */
    static TrainingException of(Throwable failure, String coordinator) {
        Status status = Status.fromThrowable(failure);
        if (isSomethingElse(status)) {
            String sentence = "what answers at %s is not a coordinator".formatted(coordinator);
            return new TrainingException(Category.UNREACHABLE, sentence, failure);
        }
        Category category = category(status.getCode());
        return new TrainingException(category, sentence(category, status, coordinator), failure);
    }

    /** A server that does not speak HTTP/2, one that speaks it without gRPC, or gRPC without our service. */
    private static boolean isSomethingElse(Status status) {
        String description = String.valueOf(status.getDescription());
        return status.getCode() == Status.Code.UNIMPLEMENTED
                || status.getCause() instanceof Http2Exception
                || description.startsWith("HTTP status code ")
                || description.startsWith("invalid content-type");
    }

    private static Category category(Status.Code code) {
        return switch (code) {
            case NOT_FOUND -> Category.NOT_FOUND;
            case INVALID_ARGUMENT, OUT_OF_RANGE, ALREADY_EXISTS, FAILED_PRECONDITION -> Category.INVALID;
            case UNAVAILABLE -> Category.UNREACHABLE;
            case UNAUTHENTICATED, PERMISSION_DENIED -> Category.UNAUTHENTICATED;
            case DEADLINE_EXCEEDED -> Category.TIMEOUT;
            case CANCELLED -> Category.CANCELLED;
            case OK, UNKNOWN, ABORTED, UNIMPLEMENTED, INTERNAL, DATA_LOSS, RESOURCE_EXHAUSTED -> Category.FAILED;
        };
    }

    private static String sentence(Category category, Status status, String coordinator) {
        String description = status.getDescription() == null ? status.getCode().toString() : status.getDescription();
        return switch (category) {
            case UNREACHABLE ->
                "no coordinator answers at %s (%s)".formatted(coordinator, innermost(status, description));
            case TIMEOUT -> "the coordinator at %s did not answer in time".formatted(coordinator);
            case FAILED, INVALID, NOT_FOUND, UNAUTHENTICATED, UNSCHEDULABLE, CANCELLED -> description;
        };
    }

    /** "Connection refused" lies at the bottom of gRPC's "io exception". */
    private static String innermost(Status status, String description) {
        Throwable cause = status.getCause();
        if (cause == null) {
            return description;
        }
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause.getMessage() == null ? description : cause.getMessage();
    }
}
