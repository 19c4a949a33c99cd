package dev.tutti.node;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import dev.tutti.node.NodeConfig.CheckpointsConfig;
import dev.tutti.node.NodeConfig.ClusterConfig;
import dev.tutti.node.NodeConfig.DataConfig;
import dev.tutti.node.NodeConfig.GrpcConfig;
import dev.tutti.node.NodeConfig.JournalConfig;
import dev.tutti.node.NodeConfig.ManagementConfig;
import dev.tutti.node.NodeConfig.StateConfig;
import dev.tutti.node.NodeConfig.WorkerConfig;
import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.launch.RoleSettings;
import dev.tutti.proto.v1.Role;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/** Merges defaults, file, environment and overrides, and checks the result. */
final class NodeConfigReader {
    private static final int USAGE = 2;
    private static final Map<String, String> ENVIRONMENT = Map.of(
            "TUTTI_DATA", "tutti.data.folder",
            "TUTTI_STATE", "tutti.state.folder",
            "TUTTI_PLUGINS", "tutti.worker.plugins");

    private final Config config;

    private NodeConfigReader(Config config) {
        this.config = config;
    }

    static NodeConfig read(Role role, RoleSettings settings, Map<String, String> environment) throws LaunchException {
        Config defaults = defaults(role);
        ConfigSchema schema = new ConfigSchema(defaults);
        Config merged = defaults;
        try {
            if (settings.file().isPresent()) {
                Config file = parse(settings.file().get());
                schema.check(file);
                merged = file.withFallback(merged);
            }
            for (Map.Entry<String, String> variable : ENVIRONMENT.entrySet()) {
                String value = environment.get(variable.getKey());
                if (value != null && !value.isBlank()) {
                    merged = schema.entry(variable.getValue(), value, variable.getKey())
                            .withFallback(merged);
                }
            }
            for (Map.Entry<String, String> override : settings.overrides().entrySet()) {
                merged = schema.entry(override.getKey(), override.getValue(), "command line")
                        .withFallback(merged);
            }
            return new NodeConfigReader(merged.resolve()).build(role);
        } catch (ConfigException e) {
            throw new LaunchException(USAGE, sentence(e), e);
        }
    }

    private static Config defaults(Role role) {
        Config all = ConfigFactory.parseResources(
                NodeConfigReader.class.getClassLoader(),
                "tutti-defaults.conf",
                ConfigParseOptions.defaults().setAllowMissing(false));
        return all.getConfig("roles").getConfig(RoleNames.of(role)).withFallback(all.withOnlyPath("tutti"));
    }

    private static Config parse(Path file) throws LaunchException {
        if (Files.isDirectory(file)) {
            throw new LaunchException(USAGE, file + " is a folder; name the configuration file in it", null);
        }
        if (!Files.isRegularFile(file)) {
            throw new LaunchException(USAGE, "no configuration file " + file, null);
        }
        return ConfigFactory.parseFile(
                file.toFile(), ConfigParseOptions.defaults().setAllowMissing(false));
    }

    /** The library's messages are sentences, but for a wrong type they name classes of its own. */
    private static String sentence(ConfigException e) {
        if (e instanceof ConfigException.WrongType && e.origin() != null) {
            String message = String.valueOf(e.getMessage());
            String origin = e.origin().description() + ": ";
            return ConfigSchema.place(e.origin()) + ": "
                    + (message.startsWith(origin) ? message.substring(origin.length()) : message);
        }
        return String.valueOf(e.getMessage());
    }

    private NodeConfig build(Role role) throws LaunchException {
        String host = nonEmpty("tutti.host");
        String bindHost = config.getString("tutti.bind-host").strip();
        String name = config.getString("tutti.member-name").strip();
        Path state = folder("tutti.state.folder");
        String checkpoints = config.getString("tutti.checkpoints.folder").strip();
        return new NodeConfig(
                role,
                (name.isEmpty() ? RoleNames.of(role) : name) + "-" + randomPart(),
                host,
                bindHost.isEmpty() ? host : bindHost,
                new ClusterConfig(
                        port("tutti.cluster.port"),
                        seeds(role),
                        config.getBoolean("tutti.cluster.share-actor-system"),
                        positive("tutti.cluster.join-timeout"),
                        positive("tutti.cluster.heartbeat-pause"),
                        positive("tutti.cluster.silence-timeout")),
                new GrpcConfig(port("tutti.grpc.port")),
                new ManagementConfig(port("tutti.management.port")),
                new StateConfig(state),
                new CheckpointsConfig(checkpoints.isEmpty() ? state.resolve("checkpoints") : absolute(checkpoints)),
                new JournalConfig(
                        config.getString("tutti.journal.url"),
                        config.getString("tutti.journal.user"),
                        config.getString("tutti.journal.password")),
                new WorkerConfig(nonEmpty("tutti.worker.backend"), between("tutti.worker.threads", 1, 1024), plugins()),
                new DataConfig(folder("tutti.data.folder")));
    }

    private Optional<Path> plugins() {
        String folder = config.getString("tutti.worker.plugins").strip();
        return folder.isEmpty() ? Optional.empty() : Optional.of(absolute(folder));
    }

    private static String randomPart() {
        return HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt(1 << 24), 6);
    }

    private List<String> seeds(Role role) throws LaunchException {
        List<String> seeds = config.getStringList("tutti.cluster.seeds");
        for (String seed : seeds) {
            if (!HostPort.parse(seed).isPresent()) {
                throw wrong("tutti.cluster.seeds", "needs host:port, e.g. 127.0.0.1:7355; got \"" + seed + "\"");
            }
        }
        if (seeds.isEmpty() && role != Role.ROLE_COORDINATOR) {
            throw wrong(
                    "tutti.cluster.seeds",
                    "needs the cluster address of a coordinator, e.g. [\"127.0.0.1:7355\"]; it is empty");
        }
        return seeds;
    }

    private Duration positive(String path) throws LaunchException {
        Duration duration = duration(path);
        if (!duration.isPositive()) {
            throw wrong(path, "must be longer than nothing; got " + duration.toSeconds() + " s");
        }
        return duration;
    }

    private int port(String path) throws LaunchException {
        return between(path, 0, 65535);
    }

    private int between(String path, int least, int most) throws LaunchException {
        int value = number(path);
        if (value < least || value > most) {
            throw wrong(path, "must lie between " + least + " and " + most + "; got " + value);
        }
        return value;
    }

    private int number(String path) throws LaunchException {
        try {
            return config.getInt(path);
        } catch (ConfigException.WrongType e) {
            throw wrong(path, "must be a number, got \"" + config.getValue(path).unwrapped() + "\"");
        }
    }

    private Duration duration(String path) throws LaunchException {
        try {
            return config.getDuration(path);
        } catch (ConfigException.WrongType | ConfigException.BadValue e) {
            throw wrong(
                    path,
                    "must be a duration such as 8s, got \""
                            + config.getValue(path).unwrapped() + "\"");
        }
    }

    private String nonEmpty(String path) throws LaunchException {
        String value = config.getString(path).strip();
        if (value.isEmpty()) {
            throw wrong(path, "must not be empty");
        }
        return value;
    }

    private Path folder(String path) throws LaunchException {
        return absolute(nonEmpty(path));
    }

    private static Path absolute(String folder) {
        return Path.of(folder).toAbsolutePath().normalize();
    }

    private LaunchException wrong(String path, String what) {
        return new LaunchException(
                USAGE, ConfigSchema.place(config.getValue(path).origin()) + ": " + path + " " + what, null);
    }
}
