package dev.tutti.coordinator.job;

import static java.util.stream.Collectors.groupingBy;

import dev.tutti.proto.v1.Hello;
import dev.tutti.proto.v1.JobFacts;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Role;
import dev.tutti.proto.wire.ShardMaps;
import dev.tutti.proto.wording.Words;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Which members a job gets: as many parameter servers as it asks for, and workers that compute the same bits. */
sealed interface Placement {
    record Found(Team team) implements Placement {}

    /** @param sentence what the job waits for; goes on after "The job " */
    record Missing(String sentence) implements Placement {}

    static Placement of(ClusterState state, JobSpec spec, JobFacts facts) {
        List<Hello> servers = state.free(Role.ROLE_PARAMETER_SERVER);
        List<Hello> workers = largestGroup(state.free(Role.ROLE_WORKER));
        int wantedServers = spec.getCluster().getParameterServers();
        int wantedWorkers = spec.getCluster().getWorkers().getMin();
        if (servers.size() < wantedServers || workers.size() < wantedWorkers) {
            return new Missing(missing(state, wantedWorkers, workers.size(), wantedServers, servers.size()));
        }
        List<ShardMaps.Server> chosen = servers.subList(0, wantedServers).stream()
                .map(server ->
                        new ShardMaps.Server(server.getMember(), server.getGrpcEndpoint(), server.getGrpcSocket()))
                .toList();
        return new Found(new Team(
                ShardMaps.planFor(mostWorkers(spec), facts.getTensorsList(), chosen),
                workers.getFirst().getNumerics(),
                workers.stream().limit(mostWorkers(spec)).map(Hello::getMember).toList()));
    }

    /** A worker without a slice would have nothing to do. */
    static int mostWorkers(JobSpec spec) {
        return Math.min(
                spec.getCluster().getWorkers().getMax(), spec.getCluster().getSlices());
    }

    /** The workers a job has, as far as they are alive, and free ones up to what it asks for at most. */
    static List<String> reinforced(ClusterState state, JobSpec spec, Team team) {
        List<String> workers =
                new ArrayList<>(team.workers().stream().filter(state::alive).toList());
        for (Hello free : state.free(Role.ROLE_WORKER)) {
            if (workers.size() < mostWorkers(spec) && free.getNumerics().equals(team.numerics())) {
                workers.add(free.getMember());
            }
        }
        return workers;
    }

    private static List<Hello> largestGroup(List<Hello> workers) {
        Map<String, List<Hello>> groups =
                workers.stream().collect(groupingBy(Hello::getNumerics, LinkedHashMap::new, Collectors.toList()));
        List<Hello> largest = List.of();
        for (List<Hello> group : groups.values()) {
            if (group.size() > largest.size()) {
                largest = group;
            }
        }
        return largest;
    }

    private static String missing(ClusterState state, int wantedWorkers, int workers, int wantedServers, int servers) {
        int otherwise = state.free(Role.ROLE_WORKER).size() - workers;
        List<String> parts = new ArrayList<>();
        if (workers < wantedWorkers) {
            parts.add(Words.count(wantedWorkers, "worker") + " (free: " + workers
                    + (otherwise > 0 ? ", and " + otherwise + " with other numerics)" : ")"));
        }
        if (servers < wantedServers) {
            parts.add(Words.count(wantedServers, "parameter server") + " (free: " + servers + ")");
        }
        return "waits for " + String.join(" and ", parts);
    }
}
