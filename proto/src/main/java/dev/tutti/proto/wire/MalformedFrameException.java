package dev.tutti.proto.wire;

/** The bytes are not a frame. */
public sealed class MalformedFrameException extends Exception permits CorruptPayloadException {
    private static final long serialVersionUID = 1L;

    public MalformedFrameException(String message) {
        super(message);
    }
}
