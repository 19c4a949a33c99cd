package dev.tutti.client.local;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a local cluster consists of.
 *
 * @param runFolder the coordinator's journal and the logs of child processes
 * @param checkpoints the folder checkpoints land in, one folder per job
 * @param data the data folder; the roles' own default if empty
 * @param config a HOCON file for every role
 * @param ports of the coordinator; the others always take free ones
 * @param home where the roles run
 */
public record ClusterPlan(
        int parameterServers,
        int workers,
        Path runFolder,
        Path checkpoints,
        Optional<Path> data,
        Optional<Path> config,
        Ports ports,
        Home home) {

    /** Roles of one process cannot crash apart or lose each other, and a process that crashed is noticed by its port: silence only means a busy machine. */
    public enum Home {
        ONE_PROCESS,
        OWN_PROCESSES;

        Map<String, String> settings() {
            return switch (this) {
                case ONE_PROCESS ->
                    Map.of(
                            "tutti.cluster.share-actor-system", "true",
                            "tutti.cluster.heartbeat-pause", "30s",
                            "tutti.cluster.silence-timeout", "300s");
                case OWN_PROCESSES -> Map.of("tutti.cluster.silence-timeout", "120s");
            };
        }
    }

    /** Whether the coordinator takes any free ports or those of its configuration. */
    public enum Ports {
        FREE,
        CONFIGURED
    }

    Map<String, String> coordinator() {
        var overrides = common("coordinator");
        overrides.put("tutti.checkpoints.folder", checkpoints.toAbsolutePath().toString());
        switch (ports) {
            case FREE ->
                overrides.putAll(Map.of(
                        "tutti.cluster.seeds", "[]",
                        "tutti.cluster.port", "0",
                        "tutti.grpc.port", "0",
                        "tutti.management.port", "0"));
            case CONFIGURED -> {}
        }
        return overrides;
    }

    /** @param seed the coordinator's cluster address */
    Map<String, String> member(String name, String seed) {
        var overrides = common(name);
        overrides.put("tutti.cluster.seeds", "[\"" + seed + "\"]");
        overrides.put("tutti.cluster.port", "0");
        overrides.put("tutti.grpc.port", "0");
        overrides.put("tutti.management.port", "0");
        return overrides;
    }

    private Map<String, String> common(String name) {
        var overrides = new TreeMap<String, String>(home.settings());
        overrides.put("tutti.member-name", name);
        overrides.put("tutti.state.folder", runFolder.toAbsolutePath().toString());
        data.ifPresent(folder ->
                overrides.put("tutti.data.folder", folder.toAbsolutePath().toString()));
        return overrides;
    }
}
