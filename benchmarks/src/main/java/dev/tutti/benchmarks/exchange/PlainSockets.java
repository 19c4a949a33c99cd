package dev.tutti.benchmarks.exchange;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What the machine's sockets can do at best in Java: for each worker one connection of blocking channels, a thread that sends, a thread that
 * receives, and at the other end a thread that reads a block and writes it back. No arithmetic, no framing.
 */
final class PlainSockets implements Lap {
    private static final int BLOCK = 1 << 20;

    private final Crew senders;
    private final Crew receivers;
    private final Crew echoes;
    private final long bytes;
    private final List<SocketChannel> near = new ArrayList<>();
    private final List<SocketChannel> far = new ArrayList<>();
    private final List<ByteBuffer> blocks = new ArrayList<>();

    /** @param bytes that each worker sends */
    PlainSockets(int workers, long bytes, boolean unix) throws IOException {
        this.bytes = bytes;
        this.senders = new Crew(workers, "plain-send");
        this.receivers = new Crew(workers, "plain-receive");
        this.echoes = new Crew(workers, "plain-echo");
        for (int worker = 0; worker < workers; worker++) {
            if (unix) {
                connectInFolder();
            } else {
                connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), StandardProtocolFamily.INET);
            }
        }
        for (int i = 0; i < 3 * workers; i++) {
            blocks.add(ByteBuffer.allocateDirect(BLOCK));
        }
    }

    /** Once both ends are there nobody needs to find the socket. */
    private void connectInFolder() throws IOException {
        Path folder = Files.createTempDirectory("tutti-bench");
        Path socket = folder.resolve("s");
        try {
            connect(UnixDomainSocketAddress.of(socket), StandardProtocolFamily.UNIX);
        } finally {
            Files.deleteIfExists(socket);
            Files.delete(folder);
        }
    }

    private void connect(SocketAddress address, StandardProtocolFamily family) throws IOException {
        try (ServerSocketChannel server = ServerSocketChannel.open(family)) {
            server.bind(address);
            near.add(SocketChannel.open(server.getLocalAddress()));
            far.add(server.accept());
        }
    }

    @Override
    public void run() throws Exception {
        try (Crew together = new Crew(3, "plain-lap")) {
            together.all(part -> {
                switch (part) {
                    case 0 -> senders.all(worker -> send(near.get(worker), blocks.get(3 * worker)));
                    case 1 -> receivers.all(worker -> receive(near.get(worker), blocks.get(3 * worker + 1)));
                    default -> echoes.all(worker -> echo(far.get(worker), blocks.get(3 * worker + 2)));
                }
            });
        }
    }

    private void send(SocketChannel channel, ByteBuffer block) throws IOException {
        for (long left = bytes; left > 0; left -= block.limit()) {
            block.clear().limit((int) Math.min(BLOCK, left));
            writeAll(channel, block);
        }
    }

    private void receive(SocketChannel channel, ByteBuffer block) throws IOException {
        for (long left = bytes; left > 0; ) {
            block.clear().limit((int) Math.min(BLOCK, left));
            left -= read(channel, block);
        }
    }

    private void echo(SocketChannel channel, ByteBuffer block) throws IOException {
        for (long left = bytes; left > 0; ) {
            block.clear().limit((int) Math.min(BLOCK, left));
            left -= read(channel, block);
            writeAll(channel, block.flip());
        }
    }

    private static int read(SocketChannel channel, ByteBuffer block) throws IOException {
        int count = channel.read(block);
        if (count < 0) {
            throw new IOException("The other end has closed the socket");
        }
        return count;
    }

    private static void writeAll(SocketChannel channel, ByteBuffer block) throws IOException {
        while (block.hasRemaining()) {
            channel.write(block);
        }
    }

    @Override
    public void close() throws IOException {
        for (SocketChannel channel : near) {
            channel.close();
        }
        for (SocketChannel channel : far) {
            channel.close();
        }
        senders.close();
        receivers.close();
        echoes.close();
    }
}
