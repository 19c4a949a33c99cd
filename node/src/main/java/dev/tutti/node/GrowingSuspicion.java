package dev.tutti.node;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigValueFactory;
import java.time.Duration;
import org.apache.pekko.event.EventStream;
import org.apache.pekko.remote.FailureDetector;
import org.apache.pekko.remote.PhiAccrualFailureDetector;

/**
 * The failure detector between two members. For a while it bears more silence than afterwards: see {@link Acquaintance}.
 *
 * <p>One for each member watched, used by one thread at a time.
 */
public final class GrowingSuspicion implements FailureDetector {
    private static final String PAUSE = "acceptable-heartbeat-pause";

    private final PhiAccrualFailureDetector young;
    private final PhiAccrualFailureDetector grown;
    private final Acquaintance acquaintance = Acquaintance.made();

    /** Called by Pekko. */
    public GrowingSuspicion(Config config, EventStream events) {
        Duration pauseInYouth = Acquaintance.pauseInYouth(config.getDuration(PAUSE));
        young = new PhiAccrualFailureDetector(
                config.withValue(PAUSE, ConfigValueFactory.fromAnyRef(pauseInYouth)), events);
        grown = new PhiAccrualFailureDetector(config, events);
    }

    @Override
    public boolean isAvailable() {
        return acquaintance.isYoung() ? young.isAvailable() : grown.isAvailable();
    }

    @Override
    public boolean isMonitoring() {
        return grown.isMonitoring();
    }

    @Override
    public void heartbeat() {
        young.heartbeat();
        grown.heartbeat();
    }
}
