package dev.tutti.coordinator.job;

import dev.tutti.proto.v1.Hello;
import dev.tutti.proto.v1.Role;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Everything the coordinator knows. Immutable.
 *
 * @param members those alive, by name, in the order in which they joined
 * @param active jobs that have not ended, by id, in the order of submission
 * @param ended jobs that have, in the order in which they ended
 */
public record ClusterState(
        SequencedMap<String, Hello> members,
        SequencedMap<String, JobRecord> active,
        SequencedMap<String, JobRecord> ended) {
    public static final ClusterState EMPTY =
            new ClusterState(new LinkedHashMap<>(), new LinkedHashMap<>(), new LinkedHashMap<>());

    public ClusterState {
        members = Collections.unmodifiableSequencedMap(members);
        active = Collections.unmodifiableSequencedMap(active);
        ended = Collections.unmodifiableSequencedMap(ended);
    }

    public Optional<JobRecord> job(String id) {
        return Optional.ofNullable(active.get(id)).or(() -> Optional.ofNullable(ended.get(id)));
    }

    public Optional<JobRecord> jobWithKey(String idempotencyKey) {
        return idempotencyKey.isEmpty()
                ? Optional.empty()
                : jobs().filter(job -> job.idempotencyKey().equals(idempotencyKey))
                        .findFirst();
    }

    public Stream<JobRecord> jobs() {
        return Stream.concat(ended.values().stream(), active.values().stream());
    }

    boolean alive(String member) {
        return members.containsKey(member);
    }

    /** Members of a role that no job holds, in the order in which they joined. */
    List<Hello> free(Role role) {
        return members.values().stream()
                .filter(member -> member.getRole() == role)
                .filter(member -> active.values().stream().noneMatch(job -> job.holds(member.getMember())))
                .toList();
    }

    ClusterState withMembers(Consumer<SequencedMap<String, Hello>> change) {
        return new ClusterState(changed(members, change), active, ended);
    }

    ClusterState with(JobRecord job) {
        if (job.phase() instanceof Phase.Ended) {
            return new ClusterState(
                    members,
                    active.containsKey(job.id()) ? changed(active, jobs -> jobs.remove(job.id())) : active,
                    changed(ended, jobs -> jobs.put(job.id(), job)));
        }
        return new ClusterState(members, changed(active, jobs -> jobs.put(job.id(), job)), ended);
    }

    private static <T> SequencedMap<String, T> changed(
            SequencedMap<String, T> map, Consumer<SequencedMap<String, T>> change) {
        SequencedMap<String, T> copy = new LinkedHashMap<>(map);
        change.accept(copy);
        return copy;
    }
}
