package dev.tutti.coordinator.job;

import dev.tutti.proto.v1.Checkpoint;
import dev.tutti.proto.v1.CheckpointPart;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Checkpoints of a job: parts that have come in, and those that are whole. What a shard holds at a step does not depend on the
 * generation, so a part counts whichever generation it was written in.
 *
 * @param parts by step and shard, of checkpoints that are not whole
 * @param written by step, of those that are kept
 * @param settled the last step that is dealt with: its checkpoint was written, or given up
 */
public record CheckpointBook(
        SortedMap<Long, SortedMap<Integer, CheckpointPart>> parts, SortedMap<Long, Checkpoint> written, long settled) {
    static final CheckpointBook EMPTY = new CheckpointBook(new TreeMap<>(), new TreeMap<>(), 0);

    public CheckpointBook {
        parts = Collections.unmodifiableSortedMap(parts);
        written = Collections.unmodifiableSortedMap(written);
    }

    boolean hasPart(long step, int shard) {
        return isSettled(step)
                || isWritten(step)
                || parts.getOrDefault(step, Collections.emptySortedMap()).containsKey(shard);
    }

    boolean isSettled(long step) {
        return step <= settled;
    }

    boolean isWritten(long step) {
        return written.containsKey(step);
    }

    Optional<Checkpoint> newest() {
        return written.isEmpty()
                ? Optional.empty()
                : Optional.of(written.lastEntry().getValue());
    }

    /** All parts of a checkpoint that is not whole yet, in shard order; empty while one is missing. */
    Optional<List<CheckpointPart>> complete(long step, int shards) {
        SortedMap<Integer, CheckpointPart> known = parts.getOrDefault(step, Collections.emptySortedMap());
        return known.size() == shards ? Optional.of(List.copyOf(known.values())) : Optional.empty();
    }

    CheckpointBook plus(CheckpointPart part) {
        SortedMap<Long, SortedMap<Integer, CheckpointPart>> more = new TreeMap<>(parts);
        SortedMap<Integer, CheckpointPart> ofStep =
                new TreeMap<>(parts.getOrDefault(part.getStep(), Collections.emptySortedMap()));
        ofStep.put(part.getShard(), part);
        more.put(part.getStep(), ofStep);
        return new CheckpointBook(more, written, settled);
    }

    /** It is whole. Parts of older steps will never be. */
    CheckpointBook plus(Checkpoint checkpoint) {
        SortedMap<Long, Checkpoint> more = new TreeMap<>(written);
        more.put(checkpoint.getStep(), checkpoint);
        return new CheckpointBook(
                new TreeMap<>(parts.tailMap(checkpoint.getStep() + 1)), more, Math.max(settled, checkpoint.getStep()));
    }

    CheckpointBook withGivenUp(long step) {
        return new CheckpointBook(new TreeMap<>(parts.tailMap(step + 1)), written, Math.max(settled, step));
    }

    /** A step that was given up may be written after all. */
    CheckpointBook reopened(long step) {
        return new CheckpointBook(parts, written, Math.min(settled, step - 1));
    }

    /** @param keep how many of the newest; 0 means all */
    List<Checkpoint> beyond(int keep) {
        List<Checkpoint> oldestFirst = List.copyOf(written.values());
        long most = keep == 0 ? oldestFirst.size() : Integer.toUnsignedLong(keep);
        return oldestFirst.subList(0, (int) Math.max(0, oldestFirst.size() - most));
    }

    CheckpointBook without(List<Checkpoint> removed) {
        SortedMap<Long, Checkpoint> fewer = new TreeMap<>(written);
        removed.forEach(checkpoint -> fewer.remove(checkpoint.getStep()));
        return new CheckpointBook(parts, fewer, settled);
    }
}
