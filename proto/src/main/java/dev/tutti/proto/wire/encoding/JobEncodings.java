package dev.tutti.proto.wire.encoding;

import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.v1.ExchangeEncodings;
import dev.tutti.proto.v1.GradientEncoding;
import java.util.Optional;

/** What a job's gradients and parameters travel as. Its numbers have been checked, and are all there; whoever says nothing means f32. */
public final class JobEncodings {
    private JobEncodings() {}

    public static ChunkEncoding gradients(ExchangeEncodings exchange) {
        GradientEncoding gradients = exchange.getGradients();
        return switch (gradients.getKindCase()) {
            case F32, KIND_NOT_SET -> new PlainFloats();
            case BF16 -> new HalfFloats(Encoding.ENCODING_BF16);
            case F16 -> new HalfFloats(Encoding.ENCODING_F16);
            case INT8 -> new BlockwiseBytes();
            case TOP_K -> new LargestElements(gradients.getTopK().getShare());
        };
    }

    public static ChunkEncoding parameters(ExchangeEncodings exchange) {
        return switch (exchange.getParameters()) {
            case PRECISION_F32, PRECISION_UNSPECIFIED -> new PlainFloats();
            case PRECISION_BF16 -> new HalfFloats(Encoding.ENCODING_BF16);
            case PRECISION_F16 -> new HalfFloats(Encoding.ENCODING_F16);
            case UNRECOGNIZED -> throw new IllegalArgumentException("Unknown encoding of parameters");
        };
    }

    /** The same of a chunk's rows; none if it has none, or if what is lost of a row would touch it later, which no job is let in with. */
    public static Optional<SparseRows> rows(ChunkEncoding values, int width) {
        return width == 0 || keepsRest(values) ? Optional.empty() : Optional.of(new SparseRows(width, values));
    }

    /** Whether what is lost on the way is kept and sent later. */
    public static boolean keepsRest(ChunkEncoding gradients) {
        return switch (gradients) {
            case PlainFloats _, HalfFloats _, SparseRows _ -> false;
            case BlockwiseBytes _, LargestElements _ -> true;
        };
    }
}
