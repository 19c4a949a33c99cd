package dev.tutti.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A coordinator, parameter servers and workers as processes of their own. They end with the {@link TuttiProcesses} given. */
final class HandStartedCluster {
    private final TuttiProcesses processes;
    private final Map<String, String> coordinatorSettings;
    private TuttiProcess coordinator;
    private final List<TuttiProcess> parameterServers = new ArrayList<>();
    private final List<TuttiProcess> workers = new ArrayList<>();

    /** Returns once all are ready. */
    HandStartedCluster(TuttiProcesses processes, Path folder, int parameterServers, int workers) throws Exception {
        this(processes, folder, parameterServers, workers, Map.of());
    }

    /** @param more settings of parameter servers and workers */
    HandStartedCluster(
            TuttiProcesses processes, Path folder, int parameterServers, int workers, Map<String, String> more)
            throws Exception {
        this.processes = processes;
        String state = folder.resolve("state").toString();
        coordinatorSettings = Map.of(
                "cluster.port", freePort(), "grpc.port", freePort(), "management.port", "0", "state.folder", state);
        coordinator = processes.role("coordinator", coordinatorSettings);
        Map<String, String> member = new HashMap<>(more);
        member.put("cluster.seeds", coordinator.clusterAddress());
        member.put("state.folder", state);
        for (int i = 0; i < parameterServers; i++) {
            this.parameterServers.add(processes.role("parameter-server", member));
        }
        for (int i = 0; i < workers; i++) {
            this.workers.add(processes.role("worker", member));
        }
        all().forEach(TuttiProcess::ready);
    }

    TuttiProcess coordinator() {
        return coordinator;
    }

    List<TuttiProcess> parameterServers() {
        return parameterServers;
    }

    List<TuttiProcess> workers() {
        return workers;
    }

    List<TuttiProcess> all() {
        List<TuttiProcess> all = new ArrayList<>(workers);
        all.addAll(parameterServers);
        all.add(coordinator);
        return all;
    }

    /**
     * Hands over a job and does not wait for it.
     *
     * @param more options of {@code submit}
     * @return its ID
     */
    String submit(Path job, String... more) {
        List<String> arguments = new ArrayList<>(
                List.of("submit", job.toString(), "--detach", "--coordinator", coordinator.grpcAddress()));
        arguments.addAll(List.of(more));
        TuttiProcess.Ended submitted = processes.run(arguments.toArray(String[]::new));
        assertThat(submitted.exitCode()).as(submitted.err()).isZero();
        return submitted.out().strip();
    }

    /** Follows a job until it has ended, however it ends. */
    TuttiProcess.Ended watch(String job) {
        return processes.run("jobs", "watch", job, "-o", "json", "--coordinator", coordinator.grpcAddress());
    }

    /** Follows a job until it has succeeded. @return its result */
    JsonNode result(String job) {
        TuttiProcess.Ended watched = watch(job);
        assertThat(watched.exitCode()).as(watched.err()).isZero();
        return watched.json();
    }

    /** At the same addresses, with the same state folder. */
    void startCoordinatorAgain() {
        coordinator = processes.role("coordinator", coordinatorSettings);
        coordinator.ready();
    }

    /** Only a coordinator that is started again must keep its addresses. */
    private static String freePort() throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return String.valueOf(socket.getLocalPort());
        }
    }
}
