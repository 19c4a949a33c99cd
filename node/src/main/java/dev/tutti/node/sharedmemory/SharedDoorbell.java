package dev.tutti.node.sharedmemory;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/** Between processes: a count of rings and, behind it, whether its owner sleeps, in memory that they share. */
final class SharedDoorbell implements Doorbell {
    static final long BYTES = 2L * Integer.BYTES;

    private static final VarHandle WORD = ValueLayout.JAVA_INT.varHandle();
    private static final long RINGS = 0;
    private static final long SLEEPS = Integer.BYTES;
    /** After so long a waiting thread looks whether it is interrupted. */
    private static final long MOST_NANOS = 50_000_000;

    private final Futex futex;
    private final MappedMemory memory;
    private final MemorySegment words;
    private final MemorySegment time;
    private final long mostNanos;

    /** @param words of {@link #BYTES} in that memory */
    SharedDoorbell(Futex futex, MappedMemory memory, MemorySegment words) {
        this(futex, memory, words, MOST_NANOS);
    }

    /** @param mostNanos of a wait, however long it is to be */
    SharedDoorbell(Futex futex, MappedMemory memory, MemorySegment words, long mostNanos) {
        this.mostNanos = mostNanos;
        this.futex = futex;
        this.memory = memory;
        this.words = words;
        this.time = memory.allocateTime();
    }

    @Override
    public void ring() {
        if (memory.enter()) {
            try {
                int _ = (int) WORD.getAndAdd(words, RINGS, 1);
                if ((int) WORD.getVolatile(words, SLEEPS) != 0) {
                    futex.wake(words);
                }
            } finally {
                memory.leave();
            }
        }
    }

    @Override
    public int rings() {
        if (!memory.enter()) {
            return 0;
        }
        try {
            return (int) WORD.getVolatile(words, RINGS);
        } finally {
            memory.leave();
        }
    }

    @Override
    public void await(int seen, long nanos) throws InterruptedException {
        if (memory.enter()) {
            try {
                WORD.setVolatile(words, SLEEPS, 1);
                if ((int) WORD.getVolatile(words, RINGS) == seen) {
                    futex.await(words, seen, Math.min(nanos, mostNanos), time);
                }
                WORD.setVolatile(words, SLEEPS, 0);
            } finally {
                memory.leave();
            }
        }
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
    }
}
