package dev.tutti.parameterserver;

import dev.tutti.proto.v1.ToCoordinator;

/** The way to the coordinator; the sender is filled in. Called from any thread. */
@FunctionalInterface
interface Answers {
    void tell(ToCoordinator.Builder message);
}
