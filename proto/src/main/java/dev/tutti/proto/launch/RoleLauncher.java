package dev.tutti.proto.launch;

/** Starts one role of a cluster. Each role's module provides one through {@link java.util.ServiceLoader}. */
public interface RoleLauncher {
    /** {@code coordinator}, {@code parameter-server} or {@code worker}. */
    String role();

    /**
     * Starts the role and returns once it is ready to serve: ports bound, member of the cluster.
     *
     * @throws LaunchException with one sentence for the user and the exit code it deserves
     */
    RunningRole launch(RoleSettings settings) throws LaunchException;
}
