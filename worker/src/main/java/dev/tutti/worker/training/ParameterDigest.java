package dev.tutti.worker.training;

import dev.tutti.proto.digest.Sha256;
import dev.tutti.tensor.graph.Parameter;
import java.lang.foreign.MemorySegment;
import java.util.Comparator;
import java.util.List;

/** SHA-256 over f32 parameters: tensors sorted by name, elements little-endian; lower-case hex. Equal digests mean equal bits. */
final class ParameterDigest {
    private static final long BLOCK_BYTE_SIZE = 1 << 20;

    private ParameterDigest() {}

    /** @param flat all tensors at their offsets, f32 in native order, which is little-endian on every platform Tutti runs on */
    static String sha256(List<Parameter> parameters, MemorySegment flat) {
        Sha256 digest = new Sha256();
        parameters.stream().sorted(Comparator.comparing(Parameter::name)).forEach(parameter -> {
            long begin = parameter.offset() * Float.BYTES;
            long end = begin + parameter.elementCount() * Float.BYTES;
            for (long at = begin; at < end; at += BLOCK_BYTE_SIZE) {
                digest.update(
                        flat.asSlice(at, Math.min(BLOCK_BYTE_SIZE, end - at)).asByteBuffer());
            }
        });
        return digest.hex();
    }
}
