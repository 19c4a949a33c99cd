package dev.tutti.node;

import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.apache.pekko.actor.AbstractActor;
import org.apache.pekko.actor.Props;
import org.apache.pekko.cluster.Cluster;
import org.apache.pekko.cluster.ClusterEvent;
import org.apache.pekko.cluster.ClusterEvent.MemberDowned;
import org.apache.pekko.cluster.ClusterEvent.MemberEvent;
import org.apache.pekko.cluster.ClusterEvent.MemberRemoved;
import org.apache.pekko.cluster.ClusterEvent.MemberUp;
import org.apache.pekko.cluster.ClusterEvent.UnreachableMember;
import org.apache.pekko.cluster.Member;
import org.apache.pekko.remote.artery.ThisActorSystemQuarantinedEvent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Says who comes and goes, keeps the list of the others, and notices when this node was thrown out. */
final class MemberEvents extends AbstractActor {
    private static final Logger LOG = LoggerFactory.getLogger(MemberEvents.class);

    private final Cluster cluster = Cluster.get(getContext().getSystem());
    private final Set<String> others = new TreeSet<>();
    private final Consumer<Set<String>> othersChanged;
    private final Consumer<String> thrownOut;

    private MemberEvents(Consumer<Set<String>> othersChanged, Consumer<String> thrownOut) {
        this.othersChanged = othersChanged;
        this.thrownOut = thrownOut;
    }

    /**
     * @param othersChanged gets the addresses of all other members, host:port
     * @param thrownOut gets one sentence, perhaps more than once, and also when this node leaves by itself
     */
    static Props props(Consumer<Set<String>> othersChanged, Consumer<String> thrownOut) {
        return Props.create(MemberEvents.class, () -> new MemberEvents(othersChanged, thrownOut));
    }

    @Override
    public void preStart() {
        cluster.subscribe(getSelf(), ClusterEvent.initialStateAsEvents(), MemberEvent.class, UnreachableMember.class);
        getContext().getSystem().eventStream().subscribe(getSelf(), ThisActorSystemQuarantinedEvent.class);
    }

    @Override
    public void postStop() {
        cluster.unsubscribe(getSelf());
        getContext().getSystem().eventStream().unsubscribe(getSelf());
    }

    @Override
    public Receive createReceive() {
        return receiveBuilder()
                .match(MemberUp.class, event -> up(event.member()))
                .match(UnreachableMember.class, event -> tell("{} is silent", event.member()))
                .match(MemberDowned.class, event -> downed(event.member()))
                .match(MemberRemoved.class, event -> removed(event.member()))
                .match(MemberEvent.class, _ -> {})
                .match(
                        ThisActorSystemQuarantinedEvent.class,
                        event -> thrownOut(
                                "by " + OwnSystem.hostPort(event.remoteAddress().address())))
                .build();
    }

    private void up(Member member) {
        if (!isSelf(member) && others.add(OwnSystem.hostPort(member.address()))) {
            tell("{} joined", member);
            othersChanged.accept(Set.copyOf(others));
        }
    }

    private void downed(Member member) {
        if (isSelf(member)) {
            thrownOut("by the others");
        }
    }

    private void removed(Member member) {
        if (isSelf(member)) {
            thrownOut("by the others");
        } else if (others.remove(OwnSystem.hostPort(member.address()))) {
            tell("{} left", member);
            othersChanged.accept(Set.copyOf(others));
        }
    }

    /** The coordinator's log is where people look; with several nodes in a JVM the others would say it all again. */
    private void tell(String event, Member member) {
        boolean aloud = cluster.getSelfRoles().contains(RoleNames.COORDINATOR);
        LOG.atLevel(aloud ? Level.INFO : Level.DEBUG).log(event, OwnSystem.describe(member));
    }

    private boolean isSelf(Member member) {
        return member.uniqueAddress().equals(cluster.selfUniqueAddress());
    }

    private void thrownOut(String by) {
        thrownOut.accept("this process was thrown out of the cluster " + by
                + ", because it did not answer for too long (frozen, overloaded or cut off); start it again");
    }
}
