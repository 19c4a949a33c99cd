package dev.tutti.parameterserver.metrics;

import java.util.Locale;

/** Why a frame was not taken in. Nothing of such a frame is applied. */
public enum Refusal {
    /** The payload's CRC-32C is another than the one sent with it, or there is none. */
    CHECKSUM,
    /** The bytes are no frame. */
    MALFORMED,
    /** More bytes than a chunk has in any encoding, or than the server reads of one message. */
    OVERSIZED,
    /** It is of another generation than the shard. The stream goes on. */
    GENERATION,
    /** It is of a shard that is not here, or not the stream's. */
    SHARD,
    /** The shard's range has no such chunk. */
    RANGE,
    /** The payload is not what its encoding makes of that many elements. */
    PAYLOAD,
    /** It came at the wrong time, or says what it cannot say. */
    CONTRACT;

    /** A short fixed word. */
    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
