package dev.tutti.node;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigValueFactory;
import java.time.Duration;
import org.apache.pekko.event.EventStream;
import org.apache.pekko.remote.FailureDetector;
import org.apache.pekko.remote.PhiAccrualFailureDetector;

/**
 * The failure detector between two members. A JVM that has just started is busy with itself and may pause for seconds on a loaded
 * machine; to suspect it would only keep others from joining. So for a while it bears more silence than afterwards.
 *
 * <p>One for each member watched, used by one thread at a time.
 */
public final class GrowingSuspicion implements FailureDetector {
    private static final Duration YOUTH = Duration.ofSeconds(30);
    private static final Duration PAUSE_IN_YOUTH = Duration.ofSeconds(6);
    private static final String PAUSE = "acceptable-heartbeat-pause";

    private final PhiAccrualFailureDetector young;
    private final PhiAccrualFailureDetector grown;
    private final long bornNanos = System.nanoTime();

    /** Called by Pekko. */
    public GrowingSuspicion(Config config, EventStream events) {
        boolean longer = config.getDuration(PAUSE).compareTo(PAUSE_IN_YOUTH) > 0;
        Config patient = longer ? config : config.withValue(PAUSE, ConfigValueFactory.fromAnyRef(PAUSE_IN_YOUTH));
        young = new PhiAccrualFailureDetector(patient, events);
        grown = new PhiAccrualFailureDetector(config, events);
    }

    @Override
    public boolean isAvailable() {
        boolean isYoung = System.nanoTime() - bornNanos < YOUTH.toNanos();
        return isYoung ? young.isAvailable() : grown.isAvailable();
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
