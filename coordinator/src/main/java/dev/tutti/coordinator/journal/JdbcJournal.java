package dev.tutti.coordinator.journal;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tutti.coordinator.job.Event;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Consumer;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.h2.api.ErrorCode;
import org.jspecify.annotations.Nullable;

/** The journal in H2 or PostgreSQL, with the same SQL. Owns its connections until {@link #close}. */
public final class JdbcJournal implements JobJournal {
    private static final int CONNECTIONS = 2;
    private static final int CONNECT_MILLIS = 10_000;

    private final HikariDataSource source;
    private final String name;

    private JdbcJournal(HikariDataSource source, String name) {
        this.source = source;
        this.name = name;
    }

    /**
     * A file {@code journal.mv.db} in a folder, for one process at a time. Every commit is in the file when it returns.
     *
     * @throws JournalException if another process has it open, or it cannot be opened
     */
    public static JdbcJournal inFolder(Path folder) {
        Path file = folder.toAbsolutePath().normalize().resolve("journal");
        Path database = file.resolveSibling("journal.mv.db");
        if (Files.exists(database) && !Files.isWritable(database)) {
            // H2 would open it for reading.
            throw new JournalException(
                    "The journal %s cannot be written: permission denied; set tutti.state.folder or TUTTI_STATE to another folder"
                            .formatted(database),
                    null);
        }
        return open("jdbc:h2:file:" + file + ";WRITE_DELAY=0;DB_CLOSE_ON_EXIT=FALSE;TRACE_LEVEL_FILE=0", "sa", "");
    }

    /** @throws JournalException if it cannot be opened */
    public static JdbcJournal open(String url, String user, String password) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url);
        // Empty: the URL has them, or the driver's defaults hold.
        if (!user.isEmpty()) {
            config.setUsername(user);
            config.setPassword(password);
        }
        config.setMaximumPoolSize(CONNECTIONS);
        config.setMinimumIdle(1);
        config.setConnectionTimeout(CONNECT_MILLIS);
        config.setAutoCommit(false);
        config.setPoolName("journal");
        String name = url.replaceFirst("[;?].*", "");
        HikariDataSource source;
        try {
            source = new HikariDataSource(config);
        } catch (RuntimeException e) {
            throw unavailable(name, e);
        }
        try {
            Flyway.configure()
                    .dataSource(source)
                    .locations("classpath:dev/tutti/coordinator/journal")
                    .table("tutti_schema_history")
                    .load()
                    .migrate();
            return new JdbcJournal(source, name);
        } catch (FlywayException e) {
            source.close();
            throw unavailable(name, e);
        }
    }

    private static JournalException unavailable(String name, Throwable failure) {
        SQLException cause = sqlCause(failure);
        if (cause != null && cause.getErrorCode() == ErrorCode.DATABASE_ALREADY_OPEN_1) {
            String file = name.replaceFirst("^jdbc:h2:(file:)?", "") + ".mv.db";
            return new JournalException(
                    "The journal " + file + " is in use by another process: stop that coordinator, or give this one"
                            + " another tutti.state.folder",
                    failure);
        }
        String reason = cause == null ? failure.getMessage() : cause.getMessage();
        return new JournalException("The journal " + name + " cannot be opened: " + reason, failure);
    }

    private static @Nullable SQLException sqlCause(Throwable failure) {
        SQLException found = null;
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql) {
                found = sql;
            }
        }
        return found;
    }

    @Override
    public long takeEpoch() {
        return inTransaction("take an epoch", connection -> {
            while (true) {
                long current = epoch(connection, "SELECT epoch FROM coordinator_epoch WHERE id = 1");
                try (PreparedStatement swap = connection.prepareStatement(
                        "UPDATE coordinator_epoch SET epoch = ? WHERE id = 1 AND epoch = ?")) {
                    swap.setLong(1, current + 1);
                    swap.setLong(2, current);
                    if (swap.executeUpdate() == 1) {
                        return current + 1;
                    }
                }
                connection.rollback();
            }
        });
    }

    @Override
    public void append(long epoch, List<Event> events) {
        inTransaction("append", connection -> {
            // The row stays locked until the commit, so that nobody can take the next epoch in between.
            long newest = epoch(connection, "SELECT epoch FROM coordinator_epoch WHERE id = 1 FOR UPDATE");
            if (newest != epoch) {
                throw new FencedException(epoch, newest);
            }
            try (PreparedStatement insert = connection.prepareStatement(
                    "INSERT INTO journal_event (epoch, at_millis, kind, payload) VALUES (?, ?, ?, ?)")) {
                for (Event event : events) {
                    insert.setLong(1, epoch);
                    insert.setLong(2, event.atMillis());
                    insert.setString(3, event.getClass().getSimpleName());
                    insert.setBytes(4, EventCodec.encode(event));
                    insert.addBatch();
                }
                insert.executeBatch();
            }
            return true;
        });
    }

    private static long epoch(Connection connection, String query) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(query);
                ResultSet row = select.executeQuery()) {
            if (!row.next()) {
                throw new SQLException("the table coordinator_epoch has lost its row");
            }
            return row.getLong(1);
        }
    }

    @Override
    public void replay(Consumer<Event> reader) {
        inTransaction("replay", connection -> {
            try (PreparedStatement select = connection.prepareStatement(
                            "SELECT sequence, payload FROM journal_event ORDER BY sequence");
                    ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    reader.accept(EventCodec.decode(rows.getLong(1), rows.getBytes(2)));
                }
                return true;
            }
        });
    }

    @FunctionalInterface
    private interface Work<T> {
        T in(Connection connection) throws SQLException;
    }

    private <T> T inTransaction(String what, Work<T> work) {
        try (Connection connection = source.getConnection()) {
            try {
                T result = work.in(connection);
                connection.commit();
                return result;
            } catch (SQLException | RuntimeException e) {
                connection.rollback();
                throw e;
            }
        } catch (SQLException e) {
            throw new JournalException("The journal " + name + " could not " + what + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        source.close();
    }
}
