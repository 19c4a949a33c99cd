package dev.tutti.tensor.backend.cuda;

/** What a method handle throws: its signature says anything, a downcall throws nothing that has to be declared. */
final class Unchecked {
    private Unchecked() {}

    static RuntimeException of(Throwable e) {
        return switch (e) {
            case RuntimeException unchecked -> unchecked;
            case Error error -> throw error;
            default -> new IllegalStateException(e);
        };
    }
}
