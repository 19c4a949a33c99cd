package dev.tutti.node;

import dev.tutti.proto.v1.Role;

/** Roles as users write them and as cluster members carry them. */
final class RoleNames {
    static final String COORDINATOR = "coordinator";
    static final String PARAMETER_SERVER = "parameter-server";
    static final String WORKER = "worker";

    private RoleNames() {}

    static String of(Role role) {
        return switch (role) {
            case ROLE_COORDINATOR -> COORDINATOR;
            case ROLE_PARAMETER_SERVER -> PARAMETER_SERVER;
            case ROLE_WORKER -> WORKER;
            case ROLE_UNSPECIFIED, UNRECOGNIZED ->
                throw new IllegalArgumentException("a node has one role; got " + role);
        };
    }
}
