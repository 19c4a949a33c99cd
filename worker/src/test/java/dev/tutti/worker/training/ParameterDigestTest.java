package dev.tutti.worker.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.tensor.graph.Initializer;
import dev.tutti.tensor.graph.Parameter;
import dev.tutti.tensor.graph.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class ParameterDigestTest {
    @Test
    void theHashIsOverLittleEndianTensorsSortedByName() throws Exception {
        List<Parameter> parameters = List.of(
                new Parameter("b.weight", Shape.of(2, 3), 0, new Initializer.Constant(0), Parameter.Update.TRAINED),
                new Parameter("a.bias", Shape.of(4), 6, new Initializer.Constant(0), Parameter.Update.TRAINED));
        MessageDigest expected = MessageDigest.getInstance("SHA-256");
        ByteBuffer bytes = ByteBuffer.allocate(10 * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(new float[] {6, 7, 8, 9, 0, 1, 2, 3, 4, 5});
        expected.update(bytes);

        try (Arena arena = Arena.ofConfined()) {
            MemorySegment flat = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
            assertThat(ParameterDigest.sha256(parameters, flat))
                    .isEqualTo(HexFormat.of().formatHex(expected.digest()));
        }
    }
}
