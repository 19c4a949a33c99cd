package dev.tutti.proto.launch;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * What a role is started with; later sources win: built-in defaults, the file, the overrides.
 *
 * @param file a HOCON file with keys under {@code tutti}
 * @param overrides full paths such as {@code tutti.grpc.port}, values as they would stand in the file
 */
public record RoleSettings(Optional<Path> file, Map<String, String> overrides) {
    public RoleSettings {
        overrides = Map.copyOf(overrides);
    }
}
