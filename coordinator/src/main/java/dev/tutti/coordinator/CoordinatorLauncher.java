package dev.tutti.coordinator;

import dev.tutti.coordinator.journal.JdbcJournal;
import dev.tutti.coordinator.journal.JobJournal;
import dev.tutti.coordinator.journal.JournalException;
import dev.tutti.node.Node;
import dev.tutti.node.NodeConfig;
import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.launch.RoleLauncher;
import dev.tutti.proto.launch.RoleSettings;
import dev.tutti.proto.launch.RunningRole;
import dev.tutti.proto.launch.WritableFolder;
import dev.tutti.proto.v1.Role;

/** Starts a coordinator. */
public final class CoordinatorLauncher implements RoleLauncher {
    private static final int CONFIGURATION = 2;

    @Override
    public String role() {
        return "coordinator";
    }

    @Override
    public RunningRole launch(RoleSettings settings) throws LaunchException {
        return launch(NodeConfig.load(Role.ROLE_COORDINATOR, settings), CoordinatorSettings.DEFAULT);
    }

    static RunningRole launch(NodeConfig config, CoordinatorSettings settings) throws LaunchException {
        WritableFolder.ensure(config.state().folder(), "set tutti.state.folder or TUTTI_STATE to another folder");
        WritableFolder.ensure(config.checkpoints().folder(), "set tutti.checkpoints.folder to another folder");
        JobJournal journal = open(config);
        try {
            return Node.start(config, context -> new CoordinatorRole(context, journal, settings));
        } catch (LaunchException | RuntimeException e) {
            journal.close();
            throw e;
        }
    }

    private static JobJournal open(NodeConfig config) throws LaunchException {
        NodeConfig.JournalConfig journal = config.journal();
        try {
            return journal.url().isEmpty()
                    ? JdbcJournal.inFolder(config.state().folder())
                    : JdbcJournal.open(journal.url(), journal.user(), journal.password());
        } catch (JournalException e) {
            throw new LaunchException(CONFIGURATION, String.valueOf(e.getMessage()), e);
        }
    }
}
