package dev.tutti.proto.wire;

/** A frame whose payload is not the one that was sent. */
public final class CorruptPayloadException extends MalformedFrameException {
    private static final long serialVersionUID = 1L;

    public CorruptPayloadException(String message) {
        super(message);
    }
}
