package dev.tutti.node.sharedmemory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(120)
class DoorbellTest {
    private static final long LONG = TimeUnit.MINUTES.toNanos(10);
    private static final int ROUNDS = 20_000;

    private final MappedMemory memory = mapped();

    enum Kind {
        LOCAL,
        SHARED
    }

    private static MappedMemory mapped() {
        Arena arena = Arena.ofShared();
        MemorySegment bytes = arena.allocate(256, 64);
        return new MappedMemory(arena, bytes);
    }

    @AfterEach
    void close() {
        memory.close();
    }

    private Doorbell bell(Kind kind, long offset) {
        if (kind == Kind.LOCAL) {
            return Doorbell.local();
        }
        return shared(offset, LONG);
    }

    private Doorbell shared(long offset, long mostNanos) {
        assumeTrue(Futex.ofSystem().isPresent(), "threads cannot wait for each other in shared memory here");
        return new SharedDoorbell(
                Futex.ofSystem().orElseThrow(),
                memory,
                memory.bytes().asSlice(offset, SharedDoorbell.BYTES),
                mostNanos);
    }

    /** One lost ring, and both wait for ten minutes. */
    @ParameterizedTest
    @EnumSource
    void noRingIsLost(Kind kind) throws InterruptedException {
        Doorbell ping = bell(kind, 0);
        Doorbell pong = bell(kind, 64);
        AtomicInteger pings = new AtomicInteger();
        AtomicInteger pongs = new AtomicInteger();
        Thread other = Thread.ofPlatform().start(() -> {
            try {
                for (int i = 1; i <= ROUNDS; i++) {
                    awaitCount(ping, pings, i);
                    pongs.set(i);
                    pong.ring();
                }
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        for (int i = 1; i <= ROUNDS; i++) {
            pings.set(i);
            ping.ring();
            awaitCount(pong, pongs, i);
        }
        other.join();
        assertThat(pongs).hasValue(ROUNDS);
    }

    private static void awaitCount(Doorbell bell, AtomicInteger count, int wanted) throws InterruptedException {
        while (true) {
            int seen = bell.rings();
            if (count.get() >= wanted) {
                return;
            }
            bell.await(seen, LONG);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRingBeforeTheWaitIsNotMissed(Kind kind) throws InterruptedException {
        Doorbell bell = bell(kind, 0);
        int seen = bell.rings();
        bell.ring();
        bell.await(seen, LONG);
        assertThat(bell.rings()).isEqualTo(seen + 1);
    }

    @ParameterizedTest
    @EnumSource
    void aWaitEndsByItself(Kind kind) throws InterruptedException {
        Doorbell bell = bell(kind, 0);
        bell.await(bell.rings(), 1_000_000);
        assertThat(bell.rings()).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void aWaitThatIsInterruptedEnds(Kind kind) {
        Doorbell bell = kind == Kind.LOCAL ? Doorbell.local() : shared(0, 1_000_000);
        Thread waiter = Thread.currentThread();
        Thread.ofPlatform().start(waiter::interrupt);
        assertThatThrownBy(() -> {
                    while (true) {
                        bell.await(bell.rings(), LONG);
                    }
                })
                .isInstanceOf(InterruptedException.class);
    }
}
