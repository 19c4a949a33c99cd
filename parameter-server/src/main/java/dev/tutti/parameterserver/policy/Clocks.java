package dev.tutti.parameterserver.policy;

import java.util.HashSet;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Who is how far (stale synchronous parallel; Ho et al., 2013): a worker's clock is the number of batches it has done, and no worker begins a
 * batch while its clock is more than the bound ahead of the slowest that has a lease.
 *
 * <p>Clocks never fall, that of the slowest included: whoever comes (back) is taken to have done as much as the slowest. So nobody waits for what
 * a worker did not do while it had no lease, and a worker that is lost is not waited for at all. Clocks come from the workers, so that all shards
 * of a job have the same: otherwise two workers could each wait for the other, on two shards.
 */
final class Clocks {
    private final long bound;
    private final Set<Peer> active = new HashSet<>();
    private long slowest;

    /** @param bound 0 or more */
    Clocks(int bound) {
        this.bound = bound;
    }

    /** The worker has a lease. */
    void enter(Peer peer, long clock) {
        peer.clock = Math.max(Math.max(peer.clock, clock), slowest);
        peer.pushedClock = peer.clock;
        active.add(peer);
        raiseSlowest();
    }

    /** The worker has no lease, or is gone. */
    void rest(Peer peer) {
        active.remove(peer);
        raiseSlowest();
    }

    /** All workers are gone. */
    void restAll() {
        active.clear();
    }

    /** A gradient has come of the batch that takes the worker's clock to that; its chunks come in any order, but before those of the next. */
    void pushed(Peer peer, long clock) {
        if (clock > peer.pushedClock) {
            peer.clock = Math.max(peer.clock, clock - 1);
            peer.pushedClock = clock;
            peer.pushedChunks = 0;
        }
        peer.pushedChunks++;
        if (peer.pushedChunks == peer.chunkCount()) {
            peer.clock = Math.max(peer.clock, clock);
        }
        raiseSlowest();
    }

    /** Whether a worker must not have the parameters for its next batch yet. */
    boolean holdsBack(Peer peer) {
        return active.contains(peer) && Math.max(peer.clock, peer.pushedClock) > slowest + bound;
    }

    private void raiseSlowest() {
        OptionalLong least = active.stream().mapToLong(Peer::clock).min();
        slowest = Math.max(slowest, least.orElse(slowest));
    }
}
