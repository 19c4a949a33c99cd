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
    private final Path folder;
    private final List<SocketChannel> near = new ArrayList<>();
    private final List<SocketChannel> far = new ArrayList<>();
    private final List<ByteBuffer> blocks = new ArrayList<>();

    /** @param bytes that each worker sends */
    PlainSockets(int workers, long bytes, boolean unix) throws IOException {
        this.bytes = bytes;
        this.folder = Files.createTempDirectory("tutti-bench");
        this.senders = new Crew(workers, "plain-send");
        this.receivers = new Crew(workers, "plain-receive");
        this.echoes = new Crew(workers, "plain-echo");
        for (int worker = 0; worker < workers; worker++) {
            connect(unix ? UnixDomainSocketAddress.of(folder.resolve("s" + worker)) : loopback(), unix);
        }
        for (int i = 0; i < 3 * workers; i++) {
            blocks.add(ByteBuffer.allocateDirect(BLOCK));
        }
    }

    private static SocketAddress loopback() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    private void connect(SocketAddress address, boolean unix) throws IOException {
        StandardProtocolFamily family = unix ? StandardProtocolFamily.UNIX : StandardProtocolFamily.INET;
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
        for (int worker = 0; worker < near.size(); worker++) {
            Files.deleteIfExists(folder.resolve("s" + worker));
        }
        Files.deleteIfExists(folder);
    }
}
