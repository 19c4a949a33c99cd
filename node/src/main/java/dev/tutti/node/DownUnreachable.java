package dev.tutti.node;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.pekko.actor.AbstractActorWithTimers;
import org.apache.pekko.actor.ActorRef;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.Props;
import org.apache.pekko.cluster.Cluster;
import org.apache.pekko.cluster.ClusterEvent;
import org.apache.pekko.cluster.ClusterEvent.MemberEvent;
import org.apache.pekko.cluster.ClusterEvent.MemberRemoved;
import org.apache.pekko.cluster.ClusterEvent.ReachabilityEvent;
import org.apache.pekko.cluster.ClusterEvent.ReachableMember;
import org.apache.pekko.cluster.ClusterEvent.UnreachableMember;
import org.apache.pekko.cluster.DowningProvider;
import org.apache.pekko.cluster.Member;
import org.apache.pekko.cluster.UniqueAddress;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Option;
import scala.concurrent.duration.FiniteDuration;

/**
 * Every survivor downs a member that stays unreachable; nobody ever downs itself. So whatever set of processes crashes, the rest
 * stays up. Two halves of a cut network both go on: safety rests on the coordinator's epoch, not here.
 *
 * <p>The failure detector suspects after about 2 s of silence. Then its port is tried once: a member whose host refuses the
 * connection has crashed, and is downed {@link Watch#CRASHED_STABLE} later; one that may only be frozen, overloaded or cut off
 * gets the rest of {@code tutti.cluster.silence-timeout} to come back, and longer while the two have not known each other for long: see
 * {@link Acquaintance}.
 */
public final class DownUnreachable extends DowningProvider {
    private static final Logger LOG = LoggerFactory.getLogger(DownUnreachable.class);

    /** Where the actor system's configuration holds {@code tutti.cluster.silence-timeout}. */
    static final String SILENCE_TIMEOUT = "dev.tutti.silence-timeout";

    private final Duration silenceTimeout;

    /** Called by Pekko. */
    public DownUnreachable(ActorSystem system) {
        silenceTimeout = system.settings().config().getDuration(SILENCE_TIMEOUT);
    }

    @Override
    public FiniteDuration downRemovalMargin() {
        return FiniteDuration.Zero();
    }

    @Override
    public Option<Props> downingActorProps() {
        return Option.apply(Props.create(Watch.class, () -> new Watch(silenceTimeout)));
    }

    private record Tried(Member member, boolean refused) {}

    private record Stable(Member member) {}

    /** One timer for each unreachable member. */
    static final class Watch extends AbstractActorWithTimers {
        static final Duration CRASHED_STABLE = Duration.ofMillis(300);
        static final Duration SUSPICION = Duration.ofSeconds(2);

        private final Cluster cluster = Cluster.get(getContext().getSystem());
        /** Since this node first heard of them. */
        private final Map<UniqueAddress, Acquaintance> acquaintances = new HashMap<>();

        private final Duration silenceTimeout;

        Watch(Duration silenceTimeout) {
            this.silenceTimeout = silenceTimeout;
        }

        @Override
        public void preStart() {
            cluster.subscribe(
                    getSelf(), ClusterEvent.initialStateAsEvents(), ReachabilityEvent.class, MemberEvent.class);
        }

        @Override
        public void postStop() {
            cluster.unsubscribe(getSelf());
        }

        @Override
        public Receive createReceive() {
            return receiveBuilder()
                    .match(UnreachableMember.class, event -> suspect(event.member()))
                    .match(Tried.class, this::tried)
                    .match(ReachableMember.class, event -> forget(event.member().uniqueAddress()))
                    .match(MemberRemoved.class, event -> removed(event.member().uniqueAddress()))
                    .match(MemberEvent.class, event -> heardOf(event.member()))
                    .match(Stable.class, stable -> down(stable.member()))
                    .build();
        }

        private void heardOf(Member member) {
            acquaintances.putIfAbsent(member.uniqueAddress(), Acquaintance.made());
        }

        private Duration patience(Member member) {
            Duration silence = acquaintances
                    .getOrDefault(member.uniqueAddress(), Acquaintance.made())
                    .silence(silenceTimeout);
            return silence.compareTo(SUSPICION) > 0 ? silence.minus(SUSPICION) : Duration.ZERO;
        }

        private void suspect(Member member) {
            if (member.uniqueAddress().equals(cluster.selfUniqueAddress())) {
                return;
            }
            getTimers().startSingleTimer(member.uniqueAddress(), new Stable(member), patience(member));
            ActorRef self = getSelf();
            Thread.ofVirtual()
                    .start(() -> self.tell(new Tried(member, isRefused(member.address())), ActorRef.noSender()));
        }

        private static boolean isRefused(Address address) {
            return Knock.isRefused(
                    address.getHost().orElse(""), address.getPort().orElse(0));
        }

        private void tried(Tried tried) {
            UniqueAddress member = tried.member().uniqueAddress();
            if (tried.refused() && getTimers().isTimerActive(member)) {
                getTimers().startSingleTimer(member, new Stable(tried.member()), CRASHED_STABLE);
            }
        }

        private void down(Member member) {
            LOG.debug("{} does not answer any more; it leaves the cluster", OwnSystem.describe(member));
            cluster.down(member.address());
        }

        private void removed(UniqueAddress member) {
            acquaintances.remove(member);
            forget(member);
        }

        private void forget(UniqueAddress member) {
            getTimers().cancel(member);
        }
    }
}
