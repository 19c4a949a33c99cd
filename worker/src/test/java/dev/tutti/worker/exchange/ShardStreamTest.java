package dev.tutti.worker.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tutti.node.sharedmemory.SharedMemoryLink;
import dev.tutti.node.transport.ClientTransport;
import dev.tutti.proto.v1.ShardRange;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ShardStreamTest {
    @Test
    void oneThatCannotBeMadeGivesItsSharedMemoryBack() {
        Optional<SharedMemoryLink> memory = SharedMemoryLink.offer(2, 1 << 20);
        assumeTrue(memory.isPresent(), "this machine keeps no files in memory");
        Path file = Path.of(memory.get().description().getFile());
        assertThat(file).exists();
        ShardRoute route = new ShardRoute(
                ShardRange.getDefaultInstance(), new ClientTransport("127.0.0.1:1", Optional.empty()), memory);
        try (Arena arena = Arena.ofConfined()) {
            ChunkBuffers buffers = new ChunkBuffers(arena, 64);

            assertThatThrownBy(() -> new ShardStream(route, Integer.MAX_VALUE, buffers, new Inbox()))
                    .isInstanceOf(ArithmeticException.class);
        }
        assertThat(file).doesNotExist();
    }
}
