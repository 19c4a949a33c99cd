package dev.tutti.node;

import java.time.Duration;
import org.apache.pekko.actor.AbstractActorWithTimers;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.actor.Props;
import org.apache.pekko.cluster.Cluster;
import org.apache.pekko.cluster.ClusterEvent;
import org.apache.pekko.cluster.DowningProvider;
import org.apache.pekko.cluster.Member;
import org.apache.pekko.cluster.UniqueAddress;
import scala.Option;
import scala.concurrent.duration.FiniteDuration;

/**
 * Every survivor downs a member that stays unreachable; nobody ever downs itself. So whatever set of processes crashes, the rest
 * stays up. Two halves of a cut network both go on: safety rests on the coordinator's epoch, not here.
 */
public final class DownUnreachable extends DowningProvider {
    /** Called by Pekko. */
    public DownUnreachable(ActorSystem system) {}

    @Override
    public FiniteDuration downRemovalMargin() {
        return FiniteDuration.Zero();
    }

    @Override
    public Option<Props> downingActorProps() {
        return Option.apply(Props.create(Watch.class, Watch::new));
    }

    private record Stable(Member member) {}

    /** One timer for each unreachable member. */
    static final class Watch extends AbstractActorWithTimers {
        private static final Duration STABLE = Duration.ofSeconds(1);

        private final Cluster cluster = Cluster.get(getContext().getSystem());

        @Override
        public void preStart() {
            cluster.subscribe(
                    getSelf(),
                    ClusterEvent.initialStateAsEvents(),
                    ClusterEvent.ReachabilityEvent.class,
                    ClusterEvent.MemberRemoved.class);
        }

        @Override
        public void postStop() {
            cluster.unsubscribe(getSelf());
        }

        @Override
        public Receive createReceive() {
            return receiveBuilder()
                    .match(ClusterEvent.UnreachableMember.class, event -> suspect(event.member()))
                    .match(
                            ClusterEvent.ReachableMember.class,
                            event -> forget(event.member().uniqueAddress()))
                    .match(
                            ClusterEvent.MemberRemoved.class,
                            event -> forget(event.member().uniqueAddress()))
                    .match(Stable.class, stable -> cluster.down(stable.member().address()))
                    .build();
        }

        private void suspect(Member member) {
            if (!member.uniqueAddress().equals(cluster.selfUniqueAddress())) {
                getTimers().startSingleTimer(member.uniqueAddress(), new Stable(member), STABLE);
            }
        }

        private void forget(UniqueAddress member) {
            getTimers().cancel(member);
        }
    }
}
