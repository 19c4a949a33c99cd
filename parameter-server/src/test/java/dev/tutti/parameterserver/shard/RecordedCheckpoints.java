package dev.tutti.parameterserver.shard;

import java.util.ArrayList;
import java.util.List;

/** Notes which steps were to be written and which were given up; writes nothing. */
public final class RecordedCheckpoints implements Checkpoints {
    final List<Long> steps = new ArrayList<>();
    final List<Need> needs = new ArrayList<>();
    final List<String> givenUp = new ArrayList<>();

    @Override
    public void write(ShardSnapshot snapshot, Need need) {
        steps.add(snapshot.step());
        needs.add(need);
        snapshot.close();
    }

    @Override
    public void giveUp(long generation, long step, String reason) {
        givenUp.add("step " + step + ": " + reason);
    }
}
