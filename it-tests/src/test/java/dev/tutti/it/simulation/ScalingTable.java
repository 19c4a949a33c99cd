package dev.tutti.it.simulation;

import dev.tutti.it.simulation.Scenario.Computers;
import dev.tutti.it.simulation.Scenario.Wire;
import dev.tutti.proto.job.ConsistencyModel;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;

/** Prints the tables of docs/scaling.md, whose last section says how to ask for others. No test: it runs only when it is named. */
class ScalingTable {
    private static final String PREFIX = "scaling.";
    private static final int PASSES = 400;

    /** @param model for so many workers */
    private record Column(String title, IntFunction<ConsistencyModel> model) {}

    private static final List<Column> COLUMNS = List.of(
            new Column("synchronous", _ -> new ConsistencyModel.Synchronous(0)),
            new Column("backup workers", workers -> new ConsistencyModel.Synchronous(backups(workers))),
            new Column("bounded staleness, 3", _ -> new ConsistencyModel.BoundedStaleness(3)),
            new Column("asynchronous", _ -> new ConsistencyModel.Asynchronous(false, Optional.empty())),
            new Column("local, 50 steps", _ -> new ConsistencyModel.Local(50, 1, 0.7, 0.9)));

    /** One in sixteen. */
    private static int backups(int workers) {
        return workers == 1 ? 0 : Math.ceilDiv(workers, 16);
    }

    @Test
    void print() {
        Workload workload = workload();
        int[] counts = Arrays.stream(option("workers", "1,2,4,8,16,64,256,1000").split(",", -1))
                .mapToInt(Integer::parseInt)
                .toArray();
        System.out.printf(
                Locale.ROOT,
                "%n%s, %s s, %s Gbit/s, %s µs%n%n",
                workload.name(),
                workload.seconds(),
                option("gbits", "10"),
                option("latency-us", "50"));
        StringJoiner titles = new StringJoiner(" | ", "| workers | shards | ", " |");
        COLUMNS.forEach(column -> titles.add(column.title));
        System.out.println(titles);
        System.out.println("|---".repeat(COLUMNS.size() + 2) + "|");
        double[] alone = new double[COLUMNS.size()];
        for (int workers : counts) {
            row(workload, workers, alone);
        }
    }

    /** @param alone what the first row's workers get done in each column's way, relative to computing all the time; 0 if this is the first row */
    private static void row(Workload workload, int workers, double[] alone) {
        int shards = Math.min(workers, number("shards", 100).intValue());
        StringJoiner row = new StringJoiner(" | ", "| " + workers + " | " + shards + " | ", " |");
        for (int i = 0; i < COLUMNS.size(); i++) {
            Outcome outcome =
                    Simulation.run(scenario(workload, COLUMNS.get(i).model.apply(workers), workers, shards));
            double done = workers * outcome.efficiency();
            alone[i] = alone[i] == 0 ? done : alone[i];
            row.add(
                    slices().isEmpty()
                            ? String.format(Locale.ROOT, "%.0f %%", 100 * outcome.efficiency())
                            : String.format(
                                    Locale.ROOT, "× %.2f, %.2f ms", done / alone[i], batchMillis(workload, done)));
        }
        System.out.println(row);
    }

    /** Of all slices' passes. */
    private static double batchMillis(Workload workload, double done) {
        return 1e3 * workload.seconds() * slices().orElse(1) / done;
    }

    private static Scenario scenario(Workload workload, ConsistencyModel model, int workers, int shards) {
        boolean isWholeBatch = model.leasesBatches();
        int slices = slices().orElse(workers);
        double seconds = workload.seconds() * (isWholeBatch ? slices().orElse(1) : 1);
        int counted = Math.clamp(PASSES / workers, 2, 40);
        return Scenario.of(workload.withSeconds(seconds), model, workers, shards)
                .withSlices(slices)
                .with(Wire.of(number("gbits", 10), number("latency-us", 50))
                        .withUnreadBytes(Math.round(number("unread-mib", 8) * (1 << 20))))
                .with(new Computers(
                        number("jitter", 0.1),
                        number("shard-gbytes", 4) * 1e9,
                        number("worker-gbytes", 4) * 1e9,
                        number("cores", Cores.UNLIMITED).intValue()))
                .withSteps(1, counted);
    }

    /** Of every step, if they do not grow with the number of workers; then what is printed is how much faster more workers are. */
    private static Optional<Integer> slices() {
        return Optional.ofNullable(System.getProperty(PREFIX + "slices")).map(Integer::valueOf);
    }

    private static Workload workload() {
        String name = option("model", "resnet50");
        Workload workload = switch (name) {
            case "resnet50" -> Workload.resNet50();
            case "transformer" -> Workload.transformer();
            case "mnist-mlp" -> Workload.mnistMlp(0.001);
            default -> Workload.oneLayer(Integer.parseInt(name), 1);
        };
        return workload.withSeconds(number("seconds", workload.seconds()));
    }

    private static Double number(String name, double otherwise) {
        String value = System.getProperty(PREFIX + name);
        return value == null ? otherwise : Double.parseDouble(value);
    }

    private static String option(String name, String otherwise) {
        return System.getProperty(PREFIX + name, otherwise);
    }
}
