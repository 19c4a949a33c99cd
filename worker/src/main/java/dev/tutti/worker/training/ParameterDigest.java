package dev.tutti.worker.training;

import dev.tutti.tensor.graph.Parameter;
import java.lang.foreign.MemorySegment;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;

/** SHA-256 over f32 parameters: tensors sorted by name, elements little-endian; lower-case hex. Equal digests mean equal bits. */
final class ParameterDigest {
    private static final long BLOCK_BYTE_SIZE = 1 << 20;

    private ParameterDigest() {}

    /** @param flat all tensors at their offsets, f32 in native order, which is little-endian on every platform Tutti runs on */
    static String sha256(List<Parameter> parameters, MemorySegment flat) {
        MessageDigest digest = newDigest();
        parameters.stream().sorted(Comparator.comparing(Parameter::name)).forEach(parameter -> {
            long begin = parameter.offset() * Float.BYTES;
            long end = begin + parameter.elementCount() * Float.BYTES;
            for (long at = begin; at < end; at += BLOCK_BYTE_SIZE) {
                digest.update(
                        flat.asSlice(at, Math.min(BLOCK_BYTE_SIZE, end - at)).asByteBuffer());
            }
        });
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest newDigest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
