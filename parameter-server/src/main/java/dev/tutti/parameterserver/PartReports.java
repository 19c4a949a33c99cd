package dev.tutti.parameterserver;

import dev.tutti.parameterserver.checkpoint.CheckpointWriter;
import dev.tutti.proto.v1.CheckpointPart;
import dev.tutti.proto.v1.CheckpointPartFailed;
import dev.tutti.proto.v1.ToCoordinator;
import org.jspecify.annotations.Nullable;

/** Tells the coordinator of a shard's checkpoint parts, and remembers the last one: a coordinator may die with what it was told. Thread-safe. */
final class PartReports implements CheckpointWriter.Listener {
    private final Answers answers;
    private volatile @Nullable ToCoordinator last;

    PartReports(Answers answers) {
        this.answers = answers;
    }

    @Override
    public void written(CheckpointPart part) {
        tell(ToCoordinator.newBuilder().setCheckpointPart(part).build());
    }

    @Override
    public void failed(CheckpointPartFailed failure) {
        tell(ToCoordinator.newBuilder().setCheckpointPartFailed(failure).build());
    }

    void repeat() {
        ToCoordinator told = last;
        if (told != null) {
            answers.tell(told.toBuilder());
        }
    }

    private void tell(ToCoordinator message) {
        // Remembered first: what is told to a coordinator that has just died is told to the next one.
        last = message;
        answers.tell(message.toBuilder());
    }
}
