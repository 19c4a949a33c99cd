package dev.tutti.parameterserver.rpc;

import dev.tutti.node.sharedmemory.Doorbell;
import dev.tutti.node.sharedmemory.SharedMemoryLink;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.MalformedFrameException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Frames between a shard and one worker on its machine. A thread of its own waits for the worker's, and does with them what is to be done, as long as nobody else does
 * something with the shard: so one thread has to be woken for a frame, and none for the answer.
 */
final class SharedFrames {
    /** Longer than any frame needs; each is announced by a ring. */
    private static final long LOOK_AGAIN_NANOS = 1_000_000_000;

    private final SharedMemoryLink link;
    /** How many more frames may be received. */
    private final AtomicInteger asked = new AtomicInteger();

    private volatile boolean wantsRoom;
    private volatile boolean closed;

    SharedFrames(SharedMemoryLink link) {
        this.link = link;
    }

    /** What is done with what comes. All on the thread that {@link #start} starts. */
    interface Receiver {
        /** Whoever gets it closes it. */
        void receive(ExchangeFrame frame);

        /** Nothing comes after it. */
        void malformed(MalformedFrameException why);

        /** Nothing comes after it: frames cannot be read any more, and not because of the worker. */
        void failed(Throwable why);

        /** There is room again for frames to be sent, after {@link #isReady} said that there is none. */
        void ready();
    }

    /** From now on frames can be sent, and those received that are asked for. */
    void start(String worker, Receiver receiver) {
        Thread.ofPlatform().daemon().name("frames-" + worker).start(() -> run(receiver));
    }

    private void run(Receiver receiver) {
        Doorbell bell = link.bell();
        try {
            while (!closed) {
                int seen = bell.rings();
                if (!step(receiver)) {
                    bell.await(seen, LOOK_AGAIN_NANOS);
                }
            }
        } catch (MalformedFrameException e) {
            receiver.malformed(e);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error e) {
            // Or the worker would wait for answers for ever.
            receiver.failed(e);
        }
    }

    /** Returns whether there was anything to do. */
    private boolean step(Receiver receiver) throws MalformedFrameException {
        boolean did = false;
        if (wantsRoom && link.hasRoom()) {
            wantsRoom = false;
            receiver.ready();
            did = true;
        }
        if (asked.get() > 0) {
            Optional<ExchangeFrame> frame = link.receive();
            if (frame.isPresent()) {
                asked.decrementAndGet();
                receiver.receive(frame.get());
                did = true;
            }
        }
        return did;
    }

    /** So many more frames may be received. */
    void ask(int frames) {
        if (asked.getAndAdd(frames) == 0) {
            link.bell().ring();
        }
    }

    /** Whether there is room for a frame with a payload. */
    boolean isReady() {
        if (link.hasRoom()) {
            return true;
        }
        wantsRoom = true;
        // The ring may have come before that was set: who asks again will be rung for again.
        return link.hasRoom();
    }

    /** Returns whether there was room for it. */
    boolean send(ExchangeFrame frame) {
        return link.send(frame);
    }

    void close() {
        closed = true;
        link.bell().ring();
        link.close();
    }
}
