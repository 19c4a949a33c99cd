package dev.tutti.it;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/** Reads safetensors as its format page describes them, knowing nothing of ours: 8 bytes length, a JSON header, the tensors' bytes. */
final class SafeTensorsFile {
    private SafeTensorsFile() {}

    /** Over the bytes of all tensors, sorted by name. */
    static String sha256OfTensorsByName(Path file) throws Exception {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        byte[] header = new byte[Math.toIntExact(bytes.getLong())];
        bytes.get(header);
        ByteBuffer tensors = bytes.slice();
        Map<String, JsonNode> byName = new TreeMap<>();
        for (Map.Entry<String, JsonNode> tensor :
                new ObjectMapper().readTree(header).properties()) {
            byName.put(tensor.getKey(), tensor.getValue());
        }
        byName.remove("__metadata__");
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        for (JsonNode tensor : byName.values()) {
            int begin = tensor.path("data_offsets").path(0).asInt();
            int end = tensor.path("data_offsets").path(1).asInt();
            digest.update(tensors.slice(begin, end - begin));
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
