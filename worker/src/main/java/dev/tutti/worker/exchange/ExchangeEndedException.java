package dev.tutti.worker.exchange;

/** Thrown to the training thread when a stream is over; {@link #end} says why. */
public final class ExchangeEndedException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient ExchangeEnd end;

    ExchangeEndedException(ExchangeEnd end) {
        super(end.sentence());
        this.end = end;
    }

    public ExchangeEnd end() {
        return end;
    }
}
