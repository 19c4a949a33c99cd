package dev.tutti.proto.wire;

/** A frame whose payload is not the one that was sent. */
final class CorruptPayloadException extends MalformedFrameException {
    private static final long serialVersionUID = 1L;

    CorruptPayloadException(String message) {
        super(message);
    }
}
