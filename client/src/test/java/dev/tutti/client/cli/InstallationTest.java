package dev.tutti.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InstallationTest {
    @ParameterizedTest(name = "{0} from {1}")
    @CsvSource({
        "/opt/tutti, /opt/tutti, ./tutti, examples/x.yaml",
        "/opt/tutti, /opt, tutti/tutti, tutti/examples/x.yaml",
        "/opt/tutti, /home/u, /opt/tutti/tutti, /opt/tutti/examples/x.yaml",
        "/opt/my tutti, /home/u, '\"/opt/my tutti/tutti\"', '\"/opt/my tutti/examples/x.yaml\"'",
    })
    void commandsWorkFromWhereTheyAreTyped(Path home, Path here, String command, String example) {
        var installation = new Installation(Optional.of(home), here);

        assertThat(installation.command()).isEqualTo(command.replace('"', '\''));
        assertThat(installation.example("x.yaml")).isEqualTo(example.replace('"', '\''));
    }
}
