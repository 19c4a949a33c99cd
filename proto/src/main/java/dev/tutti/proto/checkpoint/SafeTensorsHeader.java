package dev.tutti.proto.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The JSON in front of a safetensors file's data.
 *
 * @param tensors in the order of their data, which they cover without a hole
 */
record SafeTensorsHeader(Map<String, String> metadata, List<SafeTensor> tensors) {
    private static final String METADATA = "__metadata__";
    private static final int MAX_RANK = 64;
    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    /** UTF-8, padded with spaces so that the data behind it begins at a multiple of eight bytes. */
    byte[] encode() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = JSON.createGenerator(bytes)) {
            json.writeStartObject();
            if (!metadata.isEmpty()) {
                json.writeObjectFieldStart(METADATA);
                for (Map.Entry<String, String> entry : new TreeMap<>(metadata).entrySet()) {
                    json.writeStringField(entry.getKey(), entry.getValue());
                }
                json.writeEndObject();
            }
            for (SafeTensor tensor : tensors) {
                encode(tensor, json);
            }
            json.writeEndObject();
        } catch (IOException e) {
            throw new AssertionError("A byte array has no I/O errors", e);
        }
        while (bytes.size() % Long.BYTES != 0) {
            bytes.write(' ');
        }
        return bytes.toByteArray();
    }

    /**
     * @param dataBytes of the file behind the header; the tensors must cover them exactly
     * @throws CheckpointException naming the rule that the header breaks, without the file
     */
    static SafeTensorsHeader decode(byte[] header, long dataBytes) throws CheckpointException {
        try (JsonParser json = JSON.createParser(header)) {
            Map<String, String> metadata = new TreeMap<>();
            List<SafeTensor> tensors = new ArrayList<>();
            require(json, json.nextToken(), JsonToken.START_OBJECT);
            for (String name = json.nextFieldName(); name != null; name = json.nextFieldName()) {
                if (name.equals(METADATA)) {
                    decodeMetadata(json, metadata);
                } else {
                    tensors.add(decodeTensor(name, json));
                }
            }
            require(json, json.currentToken(), JsonToken.END_OBJECT);
            if (json.nextToken() != null) {
                throw new CheckpointException("its header goes on behind its JSON object");
            }
            return new SafeTensorsHeader(metadata, covering(tensors, dataBytes));
        } catch (JsonProcessingException e) {
            throw new CheckpointException("its header is not the JSON it should be: " + e.getOriginalMessage(), e);
        } catch (CheckpointException e) {
            throw e;
        } catch (IOException e) {
            throw new CheckpointException("its header is not the JSON it should be: " + e.getMessage(), e);
        }
    }

    private static void encode(SafeTensor tensor, JsonGenerator json) throws IOException {
        json.writeObjectFieldStart(tensor.name());
        json.writeStringField("dtype", tensor.kind().name());
        json.writeArrayFieldStart("shape");
        for (long extent : tensor.shape()) {
            json.writeNumber(extent);
        }
        json.writeEndArray();
        json.writeArrayFieldStart("data_offsets");
        json.writeNumber(tensor.begin());
        json.writeNumber(tensor.end());
        json.writeEndArray();
        json.writeEndObject();
    }

    private static void decodeMetadata(JsonParser json, Map<String, String> metadata) throws IOException {
        require(json, json.nextToken(), JsonToken.START_OBJECT);
        for (String key = json.nextFieldName(); key != null; key = json.nextFieldName()) {
            metadata.put(key, text(json));
        }
        require(json, json.currentToken(), JsonToken.END_OBJECT);
    }

    private static SafeTensor decodeTensor(String name, JsonParser json) throws IOException {
        @Nullable ElementKind kind = null;
        @Nullable List<Long> shape = null;
        @Nullable List<Long> offsets = null;
        require(json, json.nextToken(), JsonToken.START_OBJECT);
        for (String key = json.nextFieldName(); key != null; key = json.nextFieldName()) {
            switch (key) {
                case "dtype" -> kind = kind(name, text(json));
                case "shape" -> shape = numbers(name, json);
                case "data_offsets" -> offsets = numbers(name, json);
                default ->
                    throw new CheckpointException("tensor " + name + " has a key besides dtype, shape, data_offsets");
            }
        }
        require(json, json.currentToken(), JsonToken.END_OBJECT);
        if (kind == null || shape == null || offsets == null || offsets.size() != 2) {
            throw new CheckpointException("tensor " + name + " lacks one of dtype, shape and two data_offsets");
        }
        SafeTensor tensor = new SafeTensor(name, kind, shape, offsets.get(0), offsets.get(1));
        requireShapeFits(tensor);
        return tensor;
    }

    private static void requireShapeFits(SafeTensor tensor) throws CheckpointException {
        try {
            long bytes = tensor.kind().byteSize();
            for (long extent : tensor.shape()) {
                bytes = Math.multiplyExact(bytes, extent);
            }
            if (bytes == Math.subtractExact(tensor.end(), tensor.begin())) {
                return;
            }
        } catch (ArithmeticException _) {
            // Such a tensor fits into no file.
        }
        throw new CheckpointException("tensor " + tensor.name() + " of type " + tensor.kind() + " and shape "
                + tensor.shape() + " does not have the size of its data_offsets [" + tensor.begin() + ", "
                + tensor.end() + ")");
    }

    private static List<SafeTensor> covering(List<SafeTensor> tensors, long dataBytes) throws CheckpointException {
        List<SafeTensor> sorted = tensors.stream()
                .sorted(Comparator.comparingLong(SafeTensor::begin).thenComparingLong(SafeTensor::end))
                .toList();
        long end = 0;
        for (SafeTensor tensor : sorted) {
            if (tensor.begin() != end) {
                throw new CheckpointException("tensor " + tensor.name() + " begins at byte " + tensor.begin()
                        + " of the data, the one before it ends at " + end);
            }
            end = tensor.end();
        }
        if (end != dataBytes) {
            throw new CheckpointException("its tensors end at byte " + end + " of the data, the file at " + dataBytes
                    + " (is it truncated?)");
        }
        return sorted;
    }

    private static ElementKind kind(String tensor, String name) throws CheckpointException {
        try {
            return ElementKind.valueOf(name);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException("tensor " + tensor + " has the unknown dtype " + name, e);
        }
    }

    private static List<Long> numbers(String tensor, JsonParser json) throws IOException {
        List<Long> numbers = new ArrayList<>();
        require(json, json.nextToken(), JsonToken.START_ARRAY);
        while (json.nextToken() != JsonToken.END_ARRAY) {
            require(json, json.currentToken(), JsonToken.VALUE_NUMBER_INT);
            long number = json.getLongValue();
            if (number < 0 || numbers.size() == MAX_RANK) {
                throw new CheckpointException(
                        "tensor " + tensor + " has a negative number or more than " + MAX_RANK + " dimensions");
            }
            numbers.add(number);
        }
        return numbers;
    }

    private static String text(JsonParser json) throws IOException {
        require(json, json.nextToken(), JsonToken.VALUE_STRING);
        return json.getText();
    }

    private static void require(JsonParser json, @Nullable JsonToken got, JsonToken expected)
            throws CheckpointException {
        if (got != expected) {
            throw new CheckpointException("its header has " + (got == null ? "an end" : got) + " where " + expected
                    + " should stand, at byte "
                    + json.currentLocation().getByteOffset());
        }
    }
}
