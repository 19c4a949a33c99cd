package dev.tutti.node.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.protobuf.services.HealthStatusManager;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ServerTransportTest {
    /** Nobody listens there. */
    private static final String NOWHERE = "127.0.0.1:1";

    @Test
    void theSameServicesAnswerOnThePortAndOnTheSocket() throws Exception {
        try (ServerTransport server = server(0)) {
            Path socket = server.socket().orElseThrow();

            assertThat(isServing("127.0.0.1:" + server.port(), "")).isTrue();
            assertThat(isServing(NOWHERE, socket.toString())).isTrue();
        }
    }

    @Test
    void aSocketThatIsNotThereOrThatNobodyAnswersIsPassedOver() throws Exception {
        Path gone;
        try (ServerTransport server = server(0)) {
            gone = server.socket().orElseThrow();
        }
        Path silent = abandonedSocket();
        try (ServerTransport server = server(0)) {
            String endpoint = "127.0.0.1:" + server.port();

            assertThat(isServing(endpoint, gone.toString())).isTrue();
            assertThat(isServing(endpoint, silent.toString())).isTrue();
            assertThat(isServing(endpoint, Files.createTempFile("no", "socket").toString()))
                    .isTrue();
        }
    }

    @Test
    void aSocketIsAskedOnceWhetherItAnswers() throws Exception {
        Path path = SocketFile.create().orElseThrow().path();
        try (ServerSocketChannel listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listening.bind(UnixDomainSocketAddress.of(path)).configureBlocking(false);
            ClientTransport transport = ClientTransport.to(NOWHERE, path.toString());
            assertThat(transport.isOnThisMachine()).isTrue();
            transport.channel().build().shutdownNow();

            try (SocketChannel asked = listening.accept();
                    SocketChannel again = listening.accept()) {
                assertThat(asked).isNotNull();
                assertThat(again).isNull();
            }
        } finally {
            new SocketFile(path).delete();
        }
    }

    @Test
    void itsSocketGoesWithItAndThoseOfTheKilledGoWithTheNext() throws Exception {
        Path abandoned = abandonedSocket();
        Path socket;
        try (ServerTransport server = server(0)) {
            socket = server.socket().orElseThrow();
            assertThat(socket).exists();
            assertThat(abandoned).doesNotExist();
            assertThat(abandoned.getParent()).doesNotExist();
        }
        assertThat(socket).doesNotExist();
        assertThat(socket.getParent()).doesNotExist();
    }

    @Test
    void aTakenPortLeavesNothingBehind() throws Exception {
        try (ServerTransport server = server(0)) {
            assertThatThrownBy(() -> server(server.port())).isInstanceOf(IOException.class);
            assertThat(isServing("127.0.0.1:" + server.port(), "")).isTrue();
        }
    }

    /** As a killed process leaves it. */
    private static Path abandonedSocket() throws IOException {
        Path path = SocketFile.create().orElseThrow().path();
        try (ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.bind(UnixDomainSocketAddress.of(path));
        }
        return path;
    }

    private static ServerTransport server(int port) throws IOException {
        return new ServerTransport(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
                "test",
                List.of(new HealthStatusManager().getHealthService().bindService()),
                List.of());
    }

    private static boolean isServing(String endpoint, String socket) {
        ManagedChannel channel = ClientTransport.to(endpoint, socket).channel().build();
        try {
            return HealthGrpc.newBlockingStub(channel)
                            .check(HealthCheckRequest.getDefaultInstance())
                            .getStatus()
                    == ServingStatus.SERVING;
        } finally {
            channel.shutdownNow();
        }
    }
}
