package dev.tutti.parameterserver;

import dev.tutti.parameterserver.shard.ShardSettings;
import dev.tutti.proto.v1.EndJob;
import dev.tutti.proto.v1.Hello;
import dev.tutti.proto.v1.OpenShard;
import dev.tutti.proto.v1.ToCoordinator;
import dev.tutti.proto.v1.ToParameterServer;
import dev.tutti.proto.v1.WriteCheckpoint;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Translates the coordinator's messages to operations on this process's shards. Decides nothing but whom to obey: see {@link CoordinatorLink}. */
final class ParameterServerActor {
    private static final Logger LOG = LoggerFactory.getLogger(ParameterServerActor.class);

    private final Hello hello;
    private final CoordinatorLink coordinator;
    private final Answers answers;
    private final OpenShards shards;

    private ParameterServerActor(Hello hello, CoordinatorLink coordinator, Answers answers, OpenShards shards) {
        this.hello = hello;
        this.coordinator = coordinator;
        this.answers = answers;
        this.shards = shards;
    }

    /** @param hello what the coordinator is told of this process */
    static Behavior<ToParameterServer> behavior(
            Hello hello, CoordinatorLink coordinator, Answers answers, OpenShards shards) {
        ParameterServerActor actor = new ParameterServerActor(hello, coordinator, answers, shards);
        return Behaviors.receiveMessage(message -> {
            actor.receive(message);
            return Behaviors.same();
        });
    }

    private void receive(ToParameterServer message) {
        if (!coordinator.accept(message.getEpoch(), message.getCoordinator())) {
            LOG.warn(
                    "{} of epoch {} ignored: a coordinator of epoch {} has taken over",
                    message.getKindCase(),
                    message.getEpoch(),
                    coordinator.epoch());
            return;
        }
        switch (message.getKindCase()) {
            case WELCOME -> welcome();
            case OPEN -> open(message.getOpen());
            case CHECKPOINT -> checkpoint(message.getCheckpoint());
            case END -> end(message.getEnd());
            case KIND_NOT_SET -> LOG.warn("A message of epoch {} without content ignored", message.getEpoch());
        }
    }

    /** Whoever asks may be new, and what its predecessor was told last may be lost with it. */
    private void welcome() {
        answers.tell(ToCoordinator.newBuilder().setHello(hello));
        shards.repeatLastParts();
    }

    private void open(OpenShard open) {
        shards.open(ShardSettings.of(open), open.getGeneration(), open.getMayCreate());
    }

    private void checkpoint(WriteCheckpoint checkpoint) {
        shards.checkpoint(checkpoint.getJob(), checkpoint.getGeneration(), checkpoint.getStep());
    }

    private void end(EndJob end) {
        switch (end.getMode()) {
            case END_MODE_RELEASE -> shards.release(end.getJob());
            case END_MODE_STOP_AFTER_STEP -> {
                // Workers stop; shards only follow.
            }
            case END_MODE_UNSPECIFIED, UNRECOGNIZED ->
                LOG.warn("The end of job {} in the unknown mode {} ignored", end.getJob(), end.getModeValue());
        }
    }
}
