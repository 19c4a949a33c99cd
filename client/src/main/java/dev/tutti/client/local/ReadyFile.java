package dev.tutti.client.local;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tutti.proto.launch.RunningRole;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * How a child process says that it is ready, and where: a JSON file that appears whole.
 *
 * @param grpc empty for a worker
 */
public record ReadyFile(String member, String cluster, String grpc, String management) {
    private static final ObjectMapper JSON = new ObjectMapper();

    public static ReadyFile of(RunningRole role) {
        return new ReadyFile(role.member(), role.clusterAddress(), role.grpcAddress(), role.managementUrl());
    }

    public void write(Path file) throws IOException {
        var content = JSON.createObjectNode()
                .put("member", member)
                .put("cluster", cluster)
                .put("grpc", grpc)
                .put("management", management);
        Path aside = file.resolveSibling(file.getFileName() + ".partial");
        Files.writeString(aside, content.toPrettyString() + "\n");
        Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    static ReadyFile read(Path file) throws IOException {
        JsonNode content = JSON.readTree(Files.readString(file));
        return new ReadyFile(
                content.path("member").asText(),
                content.path("cluster").asText(),
                content.path("grpc").asText(),
                content.path("management").asText());
    }
}
