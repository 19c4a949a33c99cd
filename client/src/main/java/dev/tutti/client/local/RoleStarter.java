package dev.tutti.client.local;

import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.launch.RoleSettings;
import dev.tutti.proto.launch.RunningRole;
import java.util.function.BooleanSupplier;

/** Where roles come to life: {@link Roles#inThisProcess} or {@link ChildProcesses}. */
@FunctionalInterface
public interface RoleStarter {
    /**
     * Returns once the role is ready to serve.
     *
     * @param unwanted whether to give up, if that can be done in order: with a {@link LaunchException}
     */
    RunningRole start(String role, String name, RoleSettings settings, BooleanSupplier unwanted) throws LaunchException;

    static RoleStarter inThisProcess() {
        return (role, _, settings, _) -> Roles.inThisProcess(role).launch(settings);
    }
}
