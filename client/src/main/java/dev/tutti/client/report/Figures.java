package dev.tutti.client.report;

import dev.tutti.proto.v1.EpochResult;
import dev.tutti.proto.v1.JobResult;
import dev.tutti.proto.v1.Progress;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Numbers and times as a person reads them, the same in every locale. */
final class Figures {
    private static final DateTimeFormatter MOMENT = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT);

    private static final String UNKNOWN = "-";

    private Figures() {}

    static String count(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    static String loss(double value) {
        return String.format(Locale.ROOT, "%.4f", value);
    }

    /** A dash for a loss that is not known. */
    static String loss(Progress progress) {
        return progress.hasLoss() ? loss(progress.getLoss()) : UNKNOWN;
    }

    static String loss(EpochResult epoch) {
        return epoch.hasTrainLoss() ? loss(epoch.getTrainLoss()) : UNKNOWN;
    }

    static String loss(JobResult result) {
        return result.hasTrainLoss() ? loss(result.getTrainLoss()) : UNKNOWN;
    }

    static String perplexity(double value) {
        return String.format(Locale.ROOT, "%.3f", value);
    }

    static String percent(double fraction) {
        return String.format(Locale.ROOT, "%.2f %%", 100 * fraction);
    }

    /** {@code 12.3 s}, {@code 4:05} or {@code 2:03:09}. */
    static String span(double seconds) {
        if (seconds < 60) {
            return String.format(Locale.ROOT, "%.1f s", seconds);
        }
        return clock(Math.round(seconds));
    }

    /** {@code 0:12} or {@code 2:03:09}. */
    static String clock(long seconds) {
        var span = Duration.ofSeconds(seconds);
        return span.toHours() > 0
                ? String.format(Locale.ROOT, "%d:%02d:%02d", span.toHours(), span.toMinutesPart(), span.toSecondsPart())
                : String.format(Locale.ROOT, "%d:%02d", span.toMinutes(), span.toSecondsPart());
    }

    /** Local time; empty for a moment that has not come yet. */
    static String moment(long epochMillis) {
        return epochMillis == 0
                ? ""
                : MOMENT.format(Instant.ofEpochMilli(epochMillis).atZone(ZoneId.systemDefault()));
    }

    static String bytes(long bytes) {
        if (bytes < 1 << 20) {
            return String.format(Locale.ROOT, "%.1f KiB", bytes / 1024.0);
        }
        return String.format(Locale.ROOT, "%.1f MiB", bytes / (1024.0 * 1024.0));
    }
}
