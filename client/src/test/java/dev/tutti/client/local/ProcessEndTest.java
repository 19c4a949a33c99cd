package dev.tutti.client.local;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProcessEndTest {
    @ParameterizedTest
    @CsvSource({
        "1, ended with exit code 1",
        "137, was killed by signal 9 (SIGKILL)",
        "139, was killed by signal 11 (SIGSEGV)",
        "255, ended with exit code 255",
    })
    void aSignalIsNamed(int exitValue, String sentence) {
        assertThat(ProcessEnd.sentence(exitValue)).isEqualTo(sentence);
    }
}
