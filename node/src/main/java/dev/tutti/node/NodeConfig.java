package dev.tutti.node;

import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.launch.RoleSettings;
import dev.tutti.proto.v1.Role;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What one node is started with; {@code tutti-defaults.conf} describes every key.
 *
 * @param member unique in the cluster, and new at every start
 * @param host where other processes reach this one
 * @param bindHost the address its ports are bound to
 */
public record NodeConfig(
        Role role,
        String member,
        String host,
        String bindHost,
        ClusterConfig cluster,
        GrpcConfig grpc,
        ManagementConfig management,
        StateConfig state,
        CheckpointsConfig checkpoints,
        JournalConfig journal,
        WorkerConfig worker,
        DataConfig data) {

    /**
     * @param port 0: any free one
     * @param seeds coordinators' cluster addresses, host:port; empty for a coordinator that is its own seed
     * @param shareActorSystem whether to use the actor system of the first seed if that is in this process
     * @param heartbeatPause silence after which a member is suspected
     * @param silenceTimeout silence after which a member that may be alive is taken for lost
     */
    public record ClusterConfig(
            int port,
            List<String> seeds,
            boolean shareActorSystem,
            Duration joinTimeout,
            Duration heartbeatPause,
            Duration silenceTimeout) {
        public ClusterConfig {
            seeds = List.copyOf(seeds);
        }
    }

    /** @param port 0: any free one */
    public record GrpcConfig(int port) {}

    /** @param port 0: any free one */
    public record ManagementConfig(int port) {}

    public record StateConfig(Path folder) {}

    /** @param folder seen by all processes of a cluster alike */
    public record CheckpointsConfig(Path folder) {}

    /** @param url JDBC; empty: an H2 file in the state folder */
    public record JournalConfig(String url, String user, String password) {
        @Override
        public String toString() {
            // A JDBC URL may hold credentials behind these signs.
            return "JournalConfig[url=" + url.replaceFirst("[?;].*", "…") + ", user=" + user + ", password="
                    + (password.isEmpty() ? "" : "***") + "]";
        }
    }

    /**
     * @param backend {@code auto} or a backend's name
     * @param plugins a folder with the jars of further backends
     */
    public record WorkerConfig(String backend, int threads, Optional<Path> plugins) {}

    public record DataConfig(Path folder) {}

    /**
     * Reads and checks the configuration of a role.
     *
     * @throws LaunchException with exit code 2, naming file, line and key
     */
    public static NodeConfig load(Role role, RoleSettings settings) throws LaunchException {
        return NodeConfigReader.read(role, settings, System.getenv());
    }

    String roleName() {
        return RoleNames.of(role);
    }
}
