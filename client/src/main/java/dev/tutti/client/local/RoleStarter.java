package dev.tutti.client.local;

import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.launch.RoleSettings;
import dev.tutti.proto.launch.RunningRole;

/** Where roles come to life: {@link Roles#inThisProcess} or {@link ChildProcesses}. */
@FunctionalInterface
public interface RoleStarter {
    /** Returns once the role is ready to serve. */
    RunningRole start(String role, String name, RoleSettings settings) throws LaunchException;

    static RoleStarter inThisProcess() {
        return (role, _, settings) -> Roles.inThisProcess(role).launch(settings);
    }
}
