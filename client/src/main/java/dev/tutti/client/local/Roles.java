package dev.tutti.client.local;

import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.launch.RoleLauncher;
import java.util.ServiceLoader;

/** The names of the roles, and who starts one in this process. */
public final class Roles {
    public static final String COORDINATOR = "coordinator";
    public static final String PARAMETER_SERVER = "parameter-server";
    public static final String WORKER = "worker";

    private Roles() {}

    /** @throws LaunchException if the role's module is not on the class path */
    public static RoleLauncher inThisProcess(String role) throws LaunchException {
        for (RoleLauncher launcher : ServiceLoader.load(RoleLauncher.class)) {
            if (launcher.role().equals(role)) {
                return launcher;
            }
        }
        throw new LaunchException(
                1, "this installation has no %s: its jar is not on the class path".formatted(role), null);
    }
}
