package dev.tutti.parameterserver;

import dev.tutti.node.Node;
import dev.tutti.node.NodeConfig;
import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.launch.RoleLauncher;
import dev.tutti.proto.launch.RoleSettings;
import dev.tutti.proto.launch.RunningRole;
import dev.tutti.proto.v1.Role;

/** Starts a parameter server. Found through {@link java.util.ServiceLoader}. */
public final class ParameterServerLauncher implements RoleLauncher {
    @Override
    public String role() {
        return "parameter-server";
    }

    @Override
    public RunningRole launch(RoleSettings settings) throws LaunchException {
        return Node.start(NodeConfig.load(Role.ROLE_PARAMETER_SERVER, settings), ParameterServer::new);
    }
}
