package dev.tutti.node.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SharedWindowTest {
    private final SharedWindow window = new SharedWindow();
    private final List<Recorded> peers = new ArrayList<>();

    private static final class Recorded implements SharedWindow.Peer {
        int bytes;

        @Override
        public void announce(int windowBytes) {
            bytes = windowBytes;
        }
    }

    @Test
    void aFewHaveTheWholeWindowAndManyShareIt() {
        enter(2);
        assertThat(peers).allSatisfy(peer -> assertThat(peer.bytes).isEqualTo(4 << 20));
        enter(14);
        assertThat(peers).allSatisfy(peer -> assertThat(peer.bytes).isEqualTo(512 << 10));
        enter(240);
        assertThat(peers).allSatisfy(peer -> assertThat(peer.bytes).isEqualTo(64 << 10));
        enter(1);
        assertThat(peers).allSatisfy(peer -> assertThat(peer.bytes).isEqualTo(64 << 10));
    }

    @Test
    void whoStaysHasMoreAgainOnceOthersAreGone() {
        enter(16);
        while (peers.size() > 3) {
            window.leave(peers.removeFirst());
        }
        assertThat(peers).allSatisfy(peer -> assertThat(peer.bytes).isEqualTo(2 << 20));
        window.leave(peers.removeFirst());
        assertThat(peers).allSatisfy(peer -> assertThat(peer.bytes).isEqualTo(4 << 20));
    }

    private void enter(int count) {
        for (int i = 0; i < count; i++) {
            Recorded peer = new Recorded();
            peers.add(peer);
            peer.bytes = window.enter(peer);
        }
    }
}
