package dev.tutti.node;

import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.launch.RoleSettings;
import dev.tutti.proto.v1.Role;
import io.grpc.ServerServiceDefinition;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.cluster.typed.Cluster;

/** Nodes on free loopback ports, ended with the test. */
final class TestNodes implements AutoCloseable {
    private final Path folder;
    private final List<Node> nodes = new ArrayList<>();

    TestNodes(Path folder) {
        this.folder = folder;
    }

    NodeConfig config(Role role, Map<String, String> more) throws LaunchException {
        Map<String, String> overrides = new HashMap<>(Map.of(
                "tutti.cluster.port", "0",
                "tutti.grpc.port", "0",
                "tutti.management.port", "0",
                "tutti.state.folder", folder.resolve(RoleNames.of(role)).toString()));
        overrides.putAll(more);
        return NodeConfig.load(role, new RoleSettings(Optional.empty(), overrides));
    }

    Node start(Role role, Map<String, String> more) throws LaunchException {
        return start(role, more, _ -> new Idle(List.of(), List.of()));
    }

    Node start(Role role, Map<String, String> more, Function<NodeContext, RoleComponent> component)
            throws LaunchException {
        Node node = Node.start(config(role, more), component);
        nodes.add(node);
        return node;
    }

    Node coordinator() throws LaunchException {
        return start(Role.ROLE_COORDINATOR, Map.of());
    }

    Node worker(Node seed) throws LaunchException {
        return start(Role.ROLE_WORKER, Map.of("tutti.cluster.seeds", seed.clusterAddress()));
    }

    static boolean hasLeft(ActorSystem<?> system) {
        return Cluster.get(system).isTerminated();
    }

    @Override
    public void close() {
        nodes.reversed().forEach(Node::close);
    }

    /** Does nothing but offer services. */
    record Idle(List<ServerServiceDefinition> services, List<ReadinessCheck> readiness) implements RoleComponent {
        @Override
        public void joined() {}

        @Override
        public void close() {}
    }

    /** Does one thing once it has joined. */
    static class OnJoin implements RoleComponent {
        private final Runnable action;

        OnJoin(Runnable action) {
            this.action = action;
        }

        static Function<NodeContext, RoleComponent> of(Consumer<NodeContext> action) {
            return context -> new OnJoin(() -> action.accept(context));
        }

        @Override
        public List<ServerServiceDefinition> services() {
            return List.of();
        }

        @Override
        public void joined() {
            action.run();
        }

        @Override
        public List<ReadinessCheck> readiness() {
            return List.of();
        }

        @Override
        public void close() {}
    }
}
