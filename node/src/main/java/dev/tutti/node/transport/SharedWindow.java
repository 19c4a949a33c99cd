package dev.tutti.node.transport;

import java.util.HashSet;
import java.util.Set;

/**
 * How many bytes a server's peers may send before anybody has read the first, each on a stream of its connection: together no more than a budget, so that
 * the server's memory does not grow with the number of its peers. A few have as much as makes them fast: several chunks of a MiB may be under way. Thread-safe.
 */
final class SharedWindow {
    static final int MOST = 4 << 20;
    /** That of HTTP/2 itself, more or less: from here on memory does grow with the number of peers. */
    static final int LEAST = 64 << 10;

    private static final int BUDGET = 8 << 20;

    private final Set<Peer> peers = new HashSet<>();
    private int window = MOST;

    /** A connection, to which a new window can be announced from any thread. */
    @FunctionalInterface
    interface Peer {
        void announce(int windowBytes);
    }

    /** Returns the window of a connection that has begun; those of the others shrink if they must. */
    synchronized int enter(Peer peer) {
        share(peers.size() + 1);
        peers.add(peer);
        return window;
    }

    /** The connection has ended. */
    synchronized void leave(Peer peer) {
        peers.remove(peer);
        share(peers.size());
    }

    /** In powers of two, so that it changes seldom. */
    private void share(int connections) {
        int now = Math.clamp(Integer.highestOneBit(BUDGET / Math.max(1, connections)), LEAST, MOST);
        if (now != window) {
            window = now;
            peers.forEach(peer -> peer.announce(now));
        }
    }
}
