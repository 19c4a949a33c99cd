package dev.tutti.coordinator.journal;

/** Another coordinator has taken over. This one must decide nothing more. */
public final class FencedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public FencedException(long epoch, long newest) {
        super("Another coordinator has taken over with epoch " + newest + "; this one had " + epoch
                + " and ends itself");
    }
}
