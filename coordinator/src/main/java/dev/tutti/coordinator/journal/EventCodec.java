package dev.tutti.coordinator.journal;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.tutti.coordinator.job.Event;
import dev.tutti.proto.v1.JournalCheckpointFailed;
import dev.tutti.proto.v1.JournalCoordinatorStarted;
import dev.tutti.proto.v1.JournalEvent;
import dev.tutti.proto.v1.JournalJob;
import dev.tutti.proto.v1.JournalJobSubmitted;
import dev.tutti.proto.v1.JournalLastProgress;
import dev.tutti.proto.v1.JournalMemberLost;
import dev.tutti.proto.v1.JournalRejoinExpired;

/** Events as bytes and back. */
final class EventCodec {
    private EventCodec() {}

    static byte[] encode(Event event) {
        JournalEvent.Builder entry = JournalEvent.newBuilder().setAtMillis(event.atMillis());
        switch (event) {
            case Event.CoordinatorStarted(var _, var epoch) ->
                entry.setCoordinatorStarted(
                        JournalCoordinatorStarted.newBuilder().setEpoch(epoch));
            case Event.RejoinExpired expired -> entry.setRejoinExpired(JournalRejoinExpired.getDefaultInstance());
            case Event.MemberJoined(var _, var hello) -> entry.setMemberJoined(hello);
            case Event.MemberLost(var _, var member) ->
                entry.setMemberLost(JournalMemberLost.newBuilder().setMember(member));
            case Event.JobSubmitted(var _, var id, var spec, var key, var folder) ->
                entry.setJobSubmitted(JournalJobSubmitted.newBuilder()
                        .setId(id)
                        .setSpec(spec)
                        .setIdempotencyKey(key)
                        .setCheckpointFolder(folder));
            case Event.StopAsked(var _, var job) ->
                entry.setStopAsked(JournalJob.newBuilder().setId(job));
            case Event.CancelAsked(var _, var job) ->
                entry.setCancelAsked(JournalJob.newBuilder().setId(job));
            case Event.Inspected(var _, var report) -> entry.setInspected(report);
            case Event.ShardReady(var _, var report) -> entry.setShardOpened(report);
            case Event.ShardBroken(var _, var report) -> entry.setShardFailed(report);
            case Event.PartWritten(var _, var report) -> entry.setCheckpointPart(report);
            case Event.EpochShare(var _, var report) -> entry.setEpochPart(report);
            case Event.LeaseAsked(var _, var report) -> entry.setLeaseAsked(report);
            case Event.WorkerDone(var _, var report) -> entry.setWorkerFinished(report);
            case Event.WorkerBroken(var _, var report) -> entry.setWorkerFailed(report);
            case Event.CheckpointCompleted(var _, var checkpoint) -> entry.setCheckpointCompleted(checkpoint);
            case Event.CheckpointFailed(var _, var job, var step, var reason) ->
                entry.setCheckpointFailed(JournalCheckpointFailed.newBuilder()
                        .setJob(job)
                        .setStep(step)
                        .setReason(reason));
            case Event.LastProgress(var _, var job, var progress) ->
                entry.setLastProgress(
                        JournalLastProgress.newBuilder().setJob(job).setProgress(progress));
        }
        return entry.build().toByteArray();
    }

    static Event decode(long sequence, byte[] bytes) {
        JournalEvent entry;
        try {
            entry = JournalEvent.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            throw new JournalException("Event " + sequence + " of the journal is damaged: " + e.getMessage(), e);
        }
        long at = entry.getAtMillis();
        return switch (entry.getKindCase()) {
            case COORDINATOR_STARTED ->
                new Event.CoordinatorStarted(at, entry.getCoordinatorStarted().getEpoch());
            case REJOIN_EXPIRED -> new Event.RejoinExpired(at);
            case MEMBER_JOINED -> new Event.MemberJoined(at, entry.getMemberJoined());
            case MEMBER_LOST -> new Event.MemberLost(at, entry.getMemberLost().getMember());
            case JOB_SUBMITTED -> submitted(at, entry.getJobSubmitted());
            case STOP_ASKED -> new Event.StopAsked(at, entry.getStopAsked().getId());
            case CANCEL_ASKED ->
                new Event.CancelAsked(at, entry.getCancelAsked().getId());
            case INSPECTED -> new Event.Inspected(at, entry.getInspected());
            case SHARD_OPENED -> new Event.ShardReady(at, entry.getShardOpened());
            case SHARD_FAILED -> new Event.ShardBroken(at, entry.getShardFailed());
            case CHECKPOINT_PART -> new Event.PartWritten(at, entry.getCheckpointPart());
            case EPOCH_PART -> new Event.EpochShare(at, entry.getEpochPart());
            case LEASE_ASKED -> new Event.LeaseAsked(at, entry.getLeaseAsked());
            case WORKER_FINISHED -> new Event.WorkerDone(at, entry.getWorkerFinished());
            case WORKER_FAILED -> new Event.WorkerBroken(at, entry.getWorkerFailed());
            case CHECKPOINT_COMPLETED -> new Event.CheckpointCompleted(at, entry.getCheckpointCompleted());
            case CHECKPOINT_FAILED -> {
                JournalCheckpointFailed failed = entry.getCheckpointFailed();
                yield new Event.CheckpointFailed(at, failed.getJob(), failed.getStep(), failed.getReason());
            }
            case LAST_PROGRESS ->
                new Event.LastProgress(
                        at,
                        entry.getLastProgress().getJob(),
                        entry.getLastProgress().getProgress());
            case KIND_NOT_SET ->
                throw new JournalException(
                        "Event " + sequence + " of the journal was written by a newer version of Tutti", null);
        };
    }

    private static Event submitted(long at, JournalJobSubmitted job) {
        return new Event.JobSubmitted(
                at, job.getId(), job.getSpec(), job.getIdempotencyKey(), job.getCheckpointFolder());
    }
}
