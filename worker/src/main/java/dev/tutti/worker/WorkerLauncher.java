package dev.tutti.worker;

import dev.tutti.node.Node;
import dev.tutti.node.NodeConfig;
import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.launch.RoleLauncher;
import dev.tutti.proto.launch.RoleSettings;
import dev.tutti.proto.launch.RunningRole;
import dev.tutti.proto.v1.Role;
import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.BackendUnavailableException;
import dev.tutti.tensor.backend.Backends;

/** Starts a worker. The backend is chosen before anything else: a forced one that is not there stops the process. */
public final class WorkerLauncher implements RoleLauncher {
    private static final int CONFIGURATION_EXIT_CODE = 2;

    @Override
    public String role() {
        return "worker";
    }

    @Override
    public RunningRole launch(RoleSettings settings) throws LaunchException {
        NodeConfig config = NodeConfig.load(Role.ROLE_WORKER, settings);
        Backend backend = select(config.worker());
        return Node.start(config, node -> new WorkerRole(node, backend));
    }

    private static Backend select(NodeConfig.WorkerConfig config) throws LaunchException {
        try {
            return Backends.select(config.backend(), config.threads(), config.plugins());
        } catch (BackendUnavailableException e) {
            throw new LaunchException(CONFIGURATION_EXIT_CODE, "tutti.worker.backend: " + e.getMessage(), e);
        }
    }
}
