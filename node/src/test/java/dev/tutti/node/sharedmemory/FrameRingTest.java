package dev.tutti.node.sharedmemory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tutti.proto.wire.MalformedFrameException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FrameRingTest {
    private final MemorySegment memory = Arena.ofAuto().allocate(FrameRing.BYTES, 64);
    private final FrameRing sender = new FrameRing(memory);
    private final FrameRing receiver = new FrameRing(memory);

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void recordsOfAllLengthsComeInTheirOrderAgainAndAgainAroundTheRing(int seed) throws MalformedFrameException {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        Queue<byte[]> underWay = new ArrayDeque<>();
        for (int i = 0; i < 2000; i++) {
            byte[] record = new byte[random.nextInt(random.nextBoolean() ? 200 : FrameRing.MOST_BYTES + 1)];
            random.nextBytes(record);
            while (!sender.hasRoom()) {
                assertThat(receiver.receive()).hasValue(underWay.remove());
            }
            sender.send(record);
            underWay.add(record);
            if (random.nextInt(3) == 0) {
                assertThat(receiver.receive()).hasValue(underWay.remove());
            }
        }
        while (!underWay.isEmpty()) {
            assertThat(receiver.receive()).hasValue(underWay.remove());
        }
        assertThat(receiver.receive()).isEmpty();
    }

    @Test
    void aRecordThatIsTooLongIsNotSent() throws MalformedFrameException {
        assertThatThrownBy(() -> sender.send(new byte[FrameRing.MOST_BYTES + 1]))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(receiver.receive()).isEmpty();
    }

    /** Whatever a peer writes, nothing outside of the ring is read. */
    @ParameterizedTest
    @ValueSource(ints = {-1, Integer.MIN_VALUE, FrameRing.MOST_BYTES + 1, 100, Integer.MAX_VALUE})
    void aLengthThatCannotBeIsRefused(int length) {
        sender.send(new byte[8]);
        memory.set(ValueLayout.JAVA_INT, 128, length);
        assertThatThrownBy(receiver::receive)
                .isInstanceOf(MalformedFrameException.class)
                .hasMessage("a header of " + Integer.toUnsignedString(length)
                        + " bytes where 16 of a ring of 262144 are filled");
    }

    @ParameterizedTest
    @ValueSource(longs = {-8, Long.MIN_VALUE, FrameRing.CAPACITY + 8L, Long.MAX_VALUE - 7})
    void aPositionThatCannotBeIsRefused(long sent) {
        memory.set(ValueLayout.JAVA_LONG, 0, sent);
        assertThatThrownBy(receiver::receive).isInstanceOf(MalformedFrameException.class);
    }

    /** Each end knows its own position by itself. */
    @Test
    void whatTheOtherEndWritesToThisOnesPositionDoesNotMoveIt() throws MalformedFrameException {
        sender.send(new byte[] {1});
        assertThat(receiver.receive()).hasValue(new byte[] {1});
        memory.set(ValueLayout.JAVA_LONG, 0, 3);
        sender.send(new byte[] {2});
        memory.set(ValueLayout.JAVA_LONG, 64, 5);
        assertThat(receiver.receive()).hasValue(new byte[] {2});
    }
}
