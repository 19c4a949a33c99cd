package dev.tutti.coordinator.job;

import java.util.List;

/**
 * The state after an event, and what is to be done.
 *
 * @param changed whether the event belongs in the journal
 */
public record Decision(ClusterState state, List<Effect> effects, boolean changed) {
    public Decision {
        effects = List.copyOf(effects);
    }
}
