package dev.tutti.tensor.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GridTest {
    @Test
    void takesWhatEveryDeviceTakes() {
        assertThat(new Grid(Integer.MAX_VALUE, 65_535, 65_535, 1024).threads()).isEqualTo(1024);
        assertThat(Grid.blocks(Integer.MAX_VALUE, 32).x()).isEqualTo(Integer.MAX_VALUE);
    }

    @ParameterizedTest
    @CsvSource({"0, 1, 1", "1, 0, 1", "1, 1, 0", "1, 65536, 1", "1, 1, 65536", "-5, 1, 1"})
    void refusesBlocksThatNoDeviceLaunches(int x, int y, int z) {
        assertThatThrownBy(() -> new Grid(x, y, z, 128))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(
                        "a GPU launches up to 2,147,483,647 × 65,535 × 65,535 blocks, got %,d × %,d × %,d"
                                .formatted(x, y, z));
    }

    @Test
    void refusesMoreBlocksThanAnIntHolds() {
        assertThatThrownBy(() -> Grid.blocks(1L << 31, 128))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("a GPU launches up to 2,147,483,647 blocks, got 2,147,483,648");
    }

    @ParameterizedTest
    @CsvSource({"0", "33", "1056"})
    void refusesThreadsThatNoBlockHas(int threads) {
        assertThatThrownBy(() -> Grid.blocks(1, threads))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a block has whole warps, up to 1,024 threads, got " + threads);
    }
}
