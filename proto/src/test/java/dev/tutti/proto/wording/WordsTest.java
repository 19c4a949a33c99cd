package dev.tutti.proto.wording;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WordsTest {
    @Test
    void onlyOneIsSingular() {
        assertThat(Words.count(0, "worker")).isEqualTo("0 workers");
        assertThat(Words.count(1, "worker")).isEqualTo("1 worker");
        assertThat(Words.count(2, "parameter server")).isEqualTo("2 parameter servers");
    }
}
