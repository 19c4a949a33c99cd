package dev.tutti.proto.wire;

/** The bytes are not a frame. */
sealed class MalformedFrameException extends Exception permits CorruptPayloadException {
    private static final long serialVersionUID = 1L;

    MalformedFrameException(String message) {
        super(message);
    }
}
